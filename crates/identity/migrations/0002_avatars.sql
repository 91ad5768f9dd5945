-- Pictures are served to whoever knows their number, after a look at whether one is in use.
create index users_by_avatar on users (avatar) where avatar is not null;
