-- Which documents hold which words. What a document and a word are is up to the cores: words come
-- here ready made, so that both databases find the same.
--sqlite: create virtual table fulltext_index using fts5(
--sqlite:     words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
--sqlite: );
--postgres: create table fulltext_index (rowid bigint primary key, words tsvector not null);
-- New entries wait in a list that every search walks, so it must stay short.
--postgres: create index fulltext_index_words on fulltext_index using gin (words)
--postgres:     with (gin_pending_list_limit = 256);
-- How often each word was entered: which of them are common, and which begin alike. Never less than
-- the number of documents that hold it.
create table fulltext_word (
--sqlite: word text primary key not null,
--postgres: word text collate "C" primary key not null,
    documents bigint not null
--sqlite: ) without rowid;
--postgres: );
