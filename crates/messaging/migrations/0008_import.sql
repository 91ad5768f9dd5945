-- Archives that are or were taken in: a run that was cut off goes on where it was, and what is taken
-- in already is not taken in again.
create table import (
    id {id},
    -- SHA-256 of the archive, hexadecimal.
    digest text not null,
    -- None until the workspace is made.
    workspace_id bigint references workspace (id),
    started_at bigint not null,
    -- While there is none, a workspace made for it is hidden.
    finished_at bigint
);
create index import_of_digest on import (digest, id);

-- Which thing of an archive has become which thing here; goes when the import is finished.
create table import_id (
    import_id bigint not null references import (id),
    -- 'user', 'group', 'channel', 'thread', 'comment', 'conversation' or 'message'
    noun text not null,
    old_id bigint not null,
    new_id bigint not null,
    primary key (import_id, noun, old_id)
--sqlite: ) without rowid;
--postgres: );
