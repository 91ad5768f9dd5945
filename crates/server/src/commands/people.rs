//! What the administration commands have in common: finding people and reading passwords.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, bail};
use halyard_identity::{self as identity, User};
use halyard_platform::db::Tx;

/// The person with this address. Accounts that have ended count as unknown.
pub(super) fn find(tx: &mut Tx<'_>, email: &str) -> anyhow::Result<User> {
    match identity::load_user_by_email(tx, email)? {
        Some(user) if !user.removed => Ok(user),
        Some(_) => bail!("user: the account of {email} was removed"),
        None => bail!(
            "user: nobody has the address {email}; `halyard user list` shows who is there, \
             `halyard user add` adds somebody"
        ),
    }
}

/// Reads a password: typed without echo at a terminal, else the first line of standard input.
pub(super) fn read_password() -> anyhow::Result<String> {
    read_secret("password", "Password")
}

/// Reads a secret: typed without echo at a terminal, else the next line of standard input.
pub(crate) fn read_secret(field: &str, label: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    let hidden = input.is_terminal().then(|| Hidden::begin(field)).transpose()?;
    if hidden.is_some() {
        eprint!("{label}: ");
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    let read = read.with_context(|| format!("{field}: cannot read standard input"))?;
    if hidden.is_some() {
        eprintln!();
    }
    if read == 0 {
        bail!("{field}: standard input is empty; type one at a terminal, or pipe one line");
    }
    line.truncate(line.trim_end_matches(['\n', '\r']).len());
    Ok(line)
}

/// Says what is wrong with a password in words of the command line.
pub(super) fn explain_password(error: identity::Error) -> anyhow::Error {
    match error {
        identity::Error::PasswordTooShort => anyhow::anyhow!(
            "password: too short; use at least {} characters",
            identity::MIN_PASSWORD_LENGTH
        ),
        other => anyhow::Error::new(other).context("password"),
    }
}

/// The terminal shows nothing of what is typed until this is dropped.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin(field: &str) -> anyhow::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let failed = || format!("{field}: the terminal");
        let before = tcgetattr(std::io::stdin()).with_context(failed)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent).with_context(failed)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0) {
            eprintln!("halyard: the terminal stays silent ({error}); `stty echo` helps");
        }
    }
}
