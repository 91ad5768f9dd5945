//! One conversation by SMTP (RFC 5321): commands in, answers out.

use std::{io, time::Duration};

use smtp_proto::{
    Error as Syntax, Request,
    request::receiver::{DataReceiver, RequestReceiver},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

use super::{
    listen::Begins,
    take::{Incoming, Intake, Recipient, Verdict},
    tls::Stream,
};

/// Longest wait for the other side (RFC 5321 asks for at least this).
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Mistakes after which the other side is no mail server.
const MISTAKES: u32 = 20;

/// Says that there is no room.
pub(super) async fn turn_away(mut stream: TcpStream) {
    if let Err(error) = stream.write_all(b"421 4.3.2 Too many connections\r\n").await {
        tracing::debug!(%error, "a mail connection broke");
    }
}

/// Holds a conversation to its end.
pub(super) async fn run(
    mut stream: Box<dyn Stream>,
    begins: Begins,
    intake: &Intake,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let encrypted = begins == Begins::Encrypted;
    if encrypted {
        let tls = intake.tls.as_ref().ok_or_else(|| io::Error::other("no certificate"))?;
        stream = tls.accept(stream).await?;
    }
    let mut session = Session {
        stream,
        encrypted,
        intake,
        greeted: false,
        from: false,
        to: None,
        data: None,
        mistakes: 0,
    };
    session.say(&format!("220 {} ESMTP Halyard", intake.domain)).await?;
    let mut commands = RequestReceiver::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let idle = session.data.is_none();
        let read = tokio::select! {
            read = timeout(PATIENCE, session.stream.read(&mut buffer)) => read,
            // Between two mails is a good moment to go; within one the other side would send it
            // again.
            () = stopped(&mut stopping), if idle => {
                return session.say("421 4.3.2 Going down").await;
            }
        };
        let length = match read {
            Ok(length) => length?,
            Err(_) => return session.say("421 4.4.2 Too slow").await,
        };
        if length == 0 {
            return Ok(());
        }
        let mut bytes = buffer[..length].iter();
        while !bytes.as_slice().is_empty() {
            if session.data.is_some() {
                if session.take_data(&mut bytes).await? == Next::Close {
                    return Ok(());
                }
                continue;
            }
            let next = match commands.ingest(&mut bytes) {
                Ok(request) => session.answer(request).await?,
                Err(Syntax::NeedsMoreData { .. }) => break,
                Err(error) => session.mistake(&error).await?,
            };
            match next {
                Next::GoOn => {}
                Next::Close => return Ok(()),
                // Whatever came in plain text behind it may be from somebody in between.
                Next::Encrypt if !bytes.as_slice().is_empty() => {
                    return session.say("501 5.5.2 Nothing may follow STARTTLS").await;
                }
                Next::Encrypt => {
                    session.encrypt().await?;
                    commands = RequestReceiver::default();
                }
            }
        }
    }
}

/// Waits until the listener stops; one that is gone has stopped.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    stopping.wait_for(|stop| *stop).await.ok();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Close,
    /// Go on, encrypted.
    Encrypt,
}

struct Session<'a> {
    stream: Box<dyn Stream>,
    encrypted: bool,
    intake: &'a Intake,
    greeted: bool,
    /// A sender was named.
    from: bool,
    to: Option<Recipient>,
    data: Option<Data>,
    mistakes: u32,
}

/// A mail that is coming in.
struct Data {
    receiver: DataReceiver,
    /// What the receiver has not let go of: it takes the last byte back when it sees the end.
    pending: Vec<u8>,
    incoming: Incoming,
}

impl Session<'_> {
    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    async fn answer<T: AsRef<str>>(&mut self, request: Request<T>) -> io::Result<Next> {
        match request {
            Request::Ehlo { .. } => {
                self.reset();
                self.greeted = true;
                let (domain, limit) = (&self.intake.domain, self.intake.limit);
                let starttls = if self.may_encrypt() { "250-STARTTLS\r\n" } else { "" };
                let lines = format!(
                    "250-{domain}\r\n{starttls}250-SIZE {limit}\r\n250-8BITMIME\r\n\
                     250-SMTPUTF8\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES"
                );
                self.say(&lines).await?;
            }
            Request::StartTls if self.may_encrypt() => return Ok(Next::Encrypt),
            Request::Helo { .. } => {
                self.reset();
                self.greeted = true;
                let line = format!("250 {}", self.intake.domain);
                self.say(&line).await?;
            }
            Request::Mail { .. } if !self.greeted || self.from => {
                self.say("503 5.5.1 Not now").await?;
            }
            Request::Mail { from } => {
                if from.size as u64 > self.intake.limit {
                    self.say("552 5.3.4 The mail is too big").await?;
                } else {
                    self.from = true;
                    self.say("250 2.1.0 Go on").await?;
                }
            }
            Request::Rcpt { .. } if !self.from => self.say("503 5.5.1 Not now").await?,
            Request::Rcpt { .. } if self.to.is_some() => {
                // The other side sends it again for the next one: each has an answer of its own.
                self.say("452 4.5.3 One recipient at a time").await?;
            }
            Request::Rcpt { to } => match self.intake.recipient(to.address.as_ref()).await {
                Ok(Some(recipient)) => {
                    self.to = Some(recipient);
                    self.say("250 2.1.5 Go on").await?;
                }
                Ok(None) => {
                    self.say("550 5.1.1 There is no such address").await?;
                    return self.count_mistake().await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot look for a mail address");
                    self.say("451 4.3.0 Try again").await?;
                }
            },
            Request::Data => match &self.to {
                None => self.say("503 5.5.1 No valid recipient").await?,
                Some(recipient) => match self.intake.begin(recipient).await {
                    Ok(incoming) => {
                        // The end of a mail is a line of its own, also when it is the first one.
                        let mut receiver = DataReceiver::new();
                        receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
                        self.data = Some(Data { receiver, pending: Vec::new(), incoming });
                        self.say("354 Go on, end with a dot on a line").await?;
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot store a mail");
                        self.say("452 4.3.1 Try again").await?;
                    }
                },
            },
            Request::Rset => {
                self.reset();
                self.say("250 2.0.0 Forgotten").await?;
            }
            Request::Noop { .. } => self.say("250 2.0.0 Yes").await?,
            Request::Vrfy { .. } => self.say("252 2.5.0 Send and see").await?,
            Request::Quit => {
                self.say("221 2.0.0 Bye").await?;
                return Ok(Next::Close);
            }
            _ => {
                self.say("502 5.5.1 Not here").await?;
                return self.count_mistake().await;
            }
        }
        Ok(Next::GoOn)
    }

    fn may_encrypt(&self) -> bool {
        !self.encrypted && self.intake.tls.is_some()
    }

    /// Begins anew, encrypted: what was said before does not count (RFC 3207).
    async fn encrypt(&mut self) -> io::Result<()> {
        let tls = self.intake.tls.as_ref().ok_or_else(|| io::Error::other("no certificate"))?;
        self.say("220 2.0.0 Go on").await?;
        let plain = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = tls.accept(plain).await?;
        self.reset();
        (self.encrypted, self.greeted) = (true, false);
        Ok(())
    }

    fn reset(&mut self) {
        (self.from, self.to, self.data) = (false, None, None);
    }

    async fn mistake(&mut self, error: &Syntax) -> io::Result<Next> {
        let line = match error {
            Syntax::UnknownCommand => "500 5.5.1 What?",
            Syntax::InvalidSenderAddress => "501 5.1.7 No such sender",
            Syntax::InvalidRecipientAddress => "501 5.1.3 No such recipient",
            Syntax::UnsupportedParameter { .. } => "555 5.5.4 Unknown parameter",
            Syntax::ResponseTooLong => "500 5.5.2 The line is too long",
            _ => "501 5.5.2 What?",
        };
        self.say(line).await?;
        self.count_mistake().await
    }

    async fn count_mistake(&mut self) -> io::Result<Next> {
        self.mistakes += 1;
        if self.mistakes < MISTAKES {
            return Ok(Next::GoOn);
        }
        self.say("421 4.7.0 Too many mistakes").await?;
        Ok(Next::Close)
    }

    /// Takes what has come of a mail; at its end says what becomes of it.
    async fn take_data(&mut self, bytes: &mut std::slice::Iter<'_, u8>) -> io::Result<Next> {
        let Some(data) = &mut self.data else { return Ok(Next::GoOn) };
        let ended = data.receiver.ingest(bytes, &mut data.pending);
        let ready = if ended { data.pending.len() } else { data.pending.len().saturating_sub(1) };
        let ready: Vec<u8> = data.pending.drain(..ready).collect();
        data.incoming.write(&ready).await;
        if data.incoming.is_hopeless() {
            self.say("552 5.3.4 The mail is too big").await?;
            return Ok(Next::Close);
        }
        if !ended {
            return Ok(Next::GoOn);
        }
        let Some(Data { incoming, .. }) = self.data.take() else { return Ok(Next::GoOn) };
        let verdict = self.intake.finish(incoming).await;
        self.reset();
        let line = match verdict {
            Verdict::Taken => "250 2.0.0 Taken",
            Verdict::TooBig => "552 5.3.4 The mail is too big",
            Verdict::NoMail => "554 5.6.0 This is no mail",
            Verdict::NoSender => "550 5.7.1 From must name one address",
            Verdict::Stranger => "550 5.7.1 The sender may not write here",
            Verdict::NotOwner => "550 5.7.1 This address is for the answers of somebody else",
            Verdict::TryAgain => "451 4.3.0 Try again",
        };
        self.say(line).await?;
        Ok(Next::GoOn)
    }
}
