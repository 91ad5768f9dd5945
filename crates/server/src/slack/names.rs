use std::collections::HashMap;

use halyard_messaging::{
    Role,
    transfer::{Account, Person},
};
use halyard_platform::clock::Millis;

use super::format::{Message, Room, User};

/// Addresses of those whom the archive gives none: nobody can have such a one.
const NO_ADDRESS: &str = "slack.invalid";

/// Everybody and every channel of an archive, with the numbers that they have in its records.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: HashMap<String, (i64, String)>,
    channels: HashMap<String, String>,
    last: i64,
}

impl Names {
    #[cfg(test)]
    pub(super) fn for_tests(users: &[(&str, i64, &str)], channels: &[(&str, &str)]) -> Self {
        let users =
            users.iter().map(|(id, number, name)| (id.to_string(), (*number, name.to_string())));
        let channels = channels.iter().map(|(id, name)| (id.to_string(), name.to_string()));
        Self { users: users.collect(), channels: channels.collect(), last: 1000 }
    }

    /// Number and name of somebody.
    pub(super) fn user(&self, id: &str) -> Option<(i64, &str)> {
        self.users.get(id).map(|(number, name)| (*number, name.as_str()))
    }

    pub(super) fn channel(&self, id: &str) -> Option<&str> {
        self.channels.get(id).map(String::as_str)
    }

    pub(super) fn learn_channel(&mut self, room: &Room) {
        self.channels.insert(room.id.clone(), room.name.clone());
    }

    fn number(&mut self, id: &str, name: &str) -> i64 {
        self.last += 1;
        self.users.insert(id.to_owned(), (self.last, name.to_owned()));
        self.last
    }

    /// A member of the archive.
    pub(super) fn member(&mut self, user: &User, now: Millis) -> Person {
        let names = [&user.profile.real_name, &user.real_name, &user.name, &user.id];
        let name = names.into_iter().find(|name| !name.trim().is_empty());
        let name: String = name.map_or("", |name| name.trim()).chars().take(255).collect();
        let email = user.profile.email.clone().filter(|email| email.contains('@'));
        let email = email.unwrap_or_else(|| format!("{}@{NO_ADDRESS}", user.id.to_lowercase()));
        let id = self.number(&user.id, &name);
        let role = if user.is_admin || user.is_owner || user.is_primary_owner {
            Role::Admin
        } else if user.is_restricted {
            Role::Guest
        } else {
            Role::User
        };
        Person {
            account: Account { id, name, email, bot: user.is_bot || user.id == "USLACKBOT" },
            profession: user.profile.title.clone().filter(|title| !title.is_empty()),
            contact_info: None,
            timezone: user.tz.clone(),
            role,
            joined_at: now,
            removed_at: user.deleted.then_some(now),
        }
    }

    /// Who wrote a message, with their record if nobody has heard of them so far: bots and people
    /// who are not in the list.
    pub(super) fn author(
        &mut self,
        message: &Message,
        now: Millis,
    ) -> Option<(i64, Option<Person>)> {
        if let Some(user) = message.user.as_deref().filter(|user| !user.is_empty()) {
            return Some(match self.user(user) {
                Some((number, _)) => (number, None),
                None => self.stranger(user, user, false, now),
            });
        }
        let bot = message.bot_id.as_deref().filter(|bot| !bot.is_empty());
        let name = message.username.as_deref().filter(|name| !name.is_empty());
        let key = bot.or(name)?;
        Some(match self.user(key) {
            Some((number, _)) => (number, None),
            None => self.stranger(key, name.unwrap_or("Bot"), true, now),
        })
    }

    fn stranger(&mut self, key: &str, name: &str, bot: bool, now: Millis) -> (i64, Option<Person>) {
        let id = self.number(key, name);
        let mut local: String =
            key.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        if local.is_empty() {
            local = format!("n{id}");
        }
        let person = Person {
            account: Account {
                id,
                name: name.chars().take(255).collect(),
                email: format!("{local}@{NO_ADDRESS}"),
                bot,
            },
            profession: None,
            contact_info: None,
            timezone: None,
            role: Role::User,
            joined_at: now,
            // They are here for what they wrote.
            removed_at: Some(now),
        };
        (id, Some(person))
    }
}
