-- Uploaded files and where they are attached.
create table attachment (
    -- Chosen by the client, a UUID.
    id text primary key not null,
    owner bigint not null references users (id),
    blob text not null,
    sha256 text not null,
    file_name text not null,
    file_size bigint not null,
    -- MIME type as found by us, not as claimed
    media_type text not null,
    -- 'file', 'image', 'audio', 'video'
    url_type text not null,
    image_width bigint,
    image_height bigint,
    created_at bigint not null
);
create index attachment_of_owner on attachment (owner);

-- Who may see the parent may fetch the file.
create table attachment_use (
    id {id},
    attachment_id text not null references attachment (id),
    thread_id bigint,
    comment_id bigint,
    message_id bigint
);
create index attachment_use_of_attachment on attachment_use (attachment_id);
create index attachment_use_of_thread on attachment_use (thread_id) where thread_id is not null;
create index attachment_use_of_comment on attachment_use (comment_id)
    where comment_id is not null;
create index attachment_use_of_message on attachment_use (message_id)
    where message_id is not null;
