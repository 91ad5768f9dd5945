//! Structs of parameters: several names for one thing, and their documentation.

use serde_json::json;

use super::{FORM, JSON, MULTIPART, multipart, read, read_upload, store};
use crate::kit::params::{
    FieldSpec, FromParams, Kind, List, Param, ParamError, Params, Patch, Problem, Raw, Upload,
};
use crate::params;

params! {
    /// Adds a comment.
    #[derive(Debug, PartialEq)]
    struct AddComment {
        /// The thread to comment on,
        /// or a temporary id.
        #[names("id", "thread_id")]
        thread: i64,
        /// The text.
        content: String,
        title: Patch<String>,
        limit: Option<i64>,
        attachments: Option<List>,
    }

    #[derive(Debug, PartialEq)]
    struct MarkRead {
        #[names("obj_index", "to_obj_index")]
        obj_index: Option<i64>,
        #[names("message_id", "messsage_id")]
        message_id: Option<i64>,
    }

    #[derive(Debug)]
    struct UploadFile {
        attachment_id: Option<String>,
        file: Upload,
    }
}

fn spec(name: &'static str, kind: Kind) -> FieldSpec {
    FieldSpec { name, aliases: &[], kind, required: false, nullable: false, doc: "" }
}

#[test]
fn a_declaration_documents_itself() {
    assert_eq!(
        AddComment::fields(),
        [
            FieldSpec {
                aliases: &["thread_id"],
                required: true,
                doc: "The thread to comment on, or a temporary id.",
                ..spec("id", Kind::Integer)
            },
            FieldSpec { required: true, doc: "The text.", ..spec("content", Kind::Text) },
            FieldSpec { nullable: true, ..spec("title", Kind::Text) },
            spec("limit", Kind::Integer),
            spec("attachments", Kind::Objects),
        ]
    );
    assert_eq!(UploadFile::fields()[1], FieldSpec { required: true, ..spec("file", Kind::File) });
    assert_eq!(<()>::fields(), []);
}

async fn comment(
    query: &str,
    content_type: &str,
    body: &'static str,
) -> Result<AddComment, ParamError> {
    AddComment::from_params(&mut read(query, content_type, body).await.unwrap())
}

#[tokio::test]
async fn any_name_and_any_place() {
    let expected = AddComment {
        thread: 3,
        content: "hi".into(),
        title: Patch::Absent,
        limit: Some(20),
        attachments: None,
    };
    for (query, content_type, body) in [
        ("", FORM, "id=3&content=hi&limit=20"),
        ("", FORM, "thread_id=3&content=hi&limit=20"),
        ("thread_id=3&content=hi&limit=20", "", ""),
        ("thread_id=3&limit=1", FORM, "content=hi&limit=20"),
        ("", JSON, r#"{"thread_id":"3","content":"hi","limit":"20","binaryProperties":""}"#),
        // An unusable spelling of "not given" does not hide another name.
        ("", JSON, r#"{"id":null,"thread_id":3,"content":"hi","limit":20}"#),
        ("", FORM, "id=&thread_id=3&content=hi&limit=20"),
        // The first name wins.
        ("", FORM, "thread_id=9&id=3&content=hi&limit=20"),
    ] {
        assert_eq!(
            comment(query, content_type, body).await.as_ref(),
            Ok(&expected),
            "{query} {body}"
        );
    }
}

#[tokio::test]
async fn errors_carry_the_documented_name() {
    let invalid = Problem::Invalid { expected: "an integer" };
    for (body, name, problem) in [
        ("content=hi", "id", Problem::Missing),
        ("thread_id=x&content=hi", "id", invalid),
        ("id=3", "content", Problem::Missing),
        ("id=3&content=hi&attachments=[1]", "attachments", Problem::MalformedList),
        ("id=3&content=hi&limit=many", "limit", invalid),
    ] {
        assert_eq!(comment("", FORM, body).await, Err(ParamError { name, problem }), "{body}");
    }
}

#[tokio::test]
async fn misspelt_documentation_examples_work() {
    let read_pair =
        async |query: &str| MarkRead::from_params(&mut read(query, "", "").await.unwrap()).unwrap();
    let expected = |obj_index, message_id| MarkRead { obj_index, message_id };
    assert_eq!(read_pair("id=5&messsage_id=1").await, expected(None, Some(1)));
    assert_eq!(read_pair("id=5&to_obj_index=3").await, expected(Some(3), None));
    assert_eq!(read_pair("id=5").await, expected(None, None));
}

#[tokio::test]
async fn a_body_that_is_no_upload_lacks_the_file() {
    // What a client posts that does not know its runtime's form class.
    let body = "[object FormData]";
    let mut params = read("", "text/plain;charset=UTF-8", body).await.unwrap();
    let error = UploadFile::from_params(&mut params).unwrap_err();
    assert_eq!(error, ParamError { name: "file", problem: Problem::Missing });
}

#[tokio::test]
async fn an_upload_is_a_field_like_any_other_and_goes_away_unless_it_is_stored() {
    let (scratch, blobs) = store();
    let body = multipart(&[
        ("Content-Disposition: form-data; name=\"file_name\"; filename=\"a.txt\"", b"hello"),
        ("Content-Disposition: form-data; name=\"attachment_id\"", b""),
    ]);
    let mut params = read_upload(&blobs, MULTIPART, body).await.unwrap();
    let upload = UploadFile::from_params(&mut params).unwrap();
    assert_eq!(upload.attachment_id.as_deref(), Some(""));
    assert_eq!((upload.file.file_name.as_str(), upload.file.size()), ("a.txt", 5));
    let temporary = || std::fs::read_dir(scratch.path().join("tmp")).unwrap().count();
    assert_eq!(temporary(), 1);
    drop(upload);
    assert_eq!((temporary(), blobs.list().count()), (0, 0));
}

#[derive(Debug, PartialEq)]
enum Audience {
    Everyone,
    Only(Vec<i64>),
}

impl Param for Audience {
    fn kind() -> Kind {
        Kind::Integers
    }

    fn parse(raw: Raw) -> Result<Option<Audience>, Problem> {
        match raw.text() {
            Some("EVERYONE") => Ok(Some(Audience::Everyone)),
            _ => Ok(Vec::parse(raw)?.map(Audience::Only)),
        }
    }
}

#[test]
fn a_facade_can_add_types_of_its_own() {
    let mut params = Params::default();
    let values = [("a", json!("EVERYONE")), ("b", json!([1])), ("c", json!("NOBODY"))];
    params.merge(values.map(|(name, value)| (name.to_owned(), Raw::Json(value))));
    assert_eq!(params.peek("a").and_then(Raw::text), Some("EVERYONE"));
    assert_eq!(params.get(&["a"]), Ok(Audience::Everyone));
    assert_eq!(params.get(&["b"]), Ok(Audience::Only(vec![1])));
    assert!(params.get::<Audience>(&["c"]).is_err());
}

#[test]
fn values_are_not_shown() {
    let mut params = Params::default();
    params.merge([("password".to_owned(), Raw::Text("hunter2".to_owned()))]);
    assert_eq!(format!("{params:?}"), r#"{"password"}"#);
}
