//! Every type with values that are right, wrong, empty and null.

use super::one;

const KEY: &str = "PRIVATE KEY";

#[test]
fn every_type_takes_what_is_right_and_refuses_what_is_wrong() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            r#""type": "text""#,
            &[
                (r#""a""#, r#""a""#),
                ("5", r#""5""#),
                ("true", r#""true""#),
                ("[1, \"b\"]", r#""1,b""#),
                (r#"{"a": 1}"#, "! Expected type 'string', got type 'object'."),
                ("[[1]]", "! Expected type 'string', got type 'array'."),
                (r#""""#, r#""""#),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "number""#,
            &[
                ("1.5", "1.5"),
                (r#"" -2e1 ""#, "-20"),
                (r#""abc""#, "! Expected type 'number', got type 'string'."),
                ("true", "! Expected type 'number', got type 'boolean'."),
                ("[]", "! Expected type 'number', got type 'array'."),
                (r#""""#, "{}"),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "integer""#,
            &[
                ("-3", "-3"),
                ("1.5", "! Value is not a whole number."),
                (r#""""#, "{}"),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "uinteger""#,
            &[
                ("0", "0"),
                ("-1", "! Value is too small. Minimum value is 0."),
                ("0.5", "! Value is not a whole number."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "port""#,
            &[
                ("1", "1"),
                (r#""65535""#, "65535"),
                ("0", "! Value is too small. Minimum value is 1."),
                ("65536", "! Value is too big. Maximum value is 65535."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "boolean""#,
            &[
                ("true", "true"),
                (r#""false""#, "false"),
                ("0", "true"),
                (r#""""#, "false"),
                ("null", "false"),
                ("{}", "true"),
            ],
        ),
        (r#""type": "checkbox""#, &[("false", "false"), ("null", "false")]),
        (
            r#""type": "date""#,
            &[
                (r#""2016-12-28T17:04:06+01:00""#, r#""2016-12-28T16:04:06.000Z""#),
                (r#""28.12.2016""#, r#""2016-12-28T00:00:00.000Z""#),
                (r#""tomorrow""#, r#"! "tomorrow" is not a date."#),
                ("5", "! Expected type 'date', got type 'number'."),
                (r#""""#, "{}"),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "date", "time": false"#,
            &[(r#""2016-12-28T17:04:06Z""#, r#""2016-12-28T00:00:00.000Z""#)],
        ),
        (
            r#""type": "time""#,
            &[
                (r#""7:05""#, r#""07:05""#),
                (r#""17:04:06""#, r#""17:04:06""#),
                (r#""25:00""#, r#"! "25:00" is not a time."#),
                ("5", "! Expected type 'time', got type 'number'."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "timestamp""#,
            &[
                ("1536593945", "1536593945"),
                (r#""1536593945""#, "1536593945"),
                (r#""2018-09-10T15:39:05Z""#, "1536593945"),
                (r#""soon""#, r#"! "soon" is not a timestamp."#),
                ("1.5", r#"! "1.5" is not a timestamp."#),
                ("1e300", r#"! "1e+300" is not a timestamp."#),
                ("[]", "! Expected type 'number', got type 'array'."),
                (r#""""#, "{}"),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "timezone""#,
            &[
                (r#""Europe/Prague""#, r#""Europe/Prague""#),
                (r#""Europe/Atlantis""#, "! Value is not a valid time zone."),
                (r#""""#, r#""""#),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "json""#,
            &[
                (r#""{\"a\": [1]}""#, r#"{"a":[1]}"#),
                (r#"{"a": 1}"#, r#"{"a":1}"#),
                ("5", "5"),
                (
                    r#""{""#,
                    "! Value is not valid JSON: EOF while parsing an object at line 1 column 1.",
                ),
                (r#""""#, "{}"),
                ("null", "null"),
            ],
        ),
        (r#""type": "any""#, &[("[1]", "[1]"), ("null", "null"), (r#""""#, "{}")]),
        (r#""type": "hidden""#, &[(r#"{"a": 1}"#, r#"{"a":1}"#), ("null", "null")]),
        (r#""type": "udt""#, &[("5", "5")]),
        (r#""type": "account:x""#, &[("5", "5")]),
        (r#""type": "{{parameters.x}}""#, &[("[1]", "[1]")]),
        (r#""type": "path""#, &[(r#""a b""#, r#""a b""#)]),
        (
            r#""type": "password""#,
            &[(r#""s3""#, r#""s3""#), ("{}", "! Expected type 'string', got type 'object'.")],
        ),
        (
            r#""type": "url""#,
            &[
                (r#""https://x.example/a?b#c""#, r#""https://x.example/a?b#c""#),
                (r#""ftp://x""#, r#""ftp://x""#),
                (r#""mailto:a@b.example""#, r#""mailto:a@b.example""#),
                (r#""x.example""#, "! Value is not a valid URL."),
                (r#""https://""#, "! Value is not a valid URL."),
                (r#""http:x""#, "! Value is not a valid URL."),
                (r#""https://x example""#, "! Value is not a valid URL."),
                (r#""""#, r#""""#),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "email""#,
            &[
                (r#""a.b+c@x.example""#, r#""a.b+c@x.example""#),
                (r#""a@x""#, "! Value is not a valid email address."),
                (r#""a..b@x.example""#, "! Value is not a valid email address."),
                (r#""a b@x.example""#, "! Value is not a valid email address."),
                (r#""@x.example""#, "! Value is not a valid email address."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "uuid""#,
            &[
                (
                    r#""123E4567-e89b-12d3-a456-426614174000""#,
                    r#""123E4567-e89b-12d3-a456-426614174000""#,
                ),
                (r#""123e4567e89b12d3a456426614174000""#, "! Value is not a valid UUID."),
                (r#""123e4567-e89b-12d3-a456-42661417400g""#, "! Value is not a valid UUID."),
                ("null", "{}"),
            ],
        ),
        (
            r##""type": "color""##,
            &[
                (r##""#fff""##, r##""#fff""##),
                (r##""#A0b1C2""##, r##""#A0b1C2""##),
                (r##""#ffff""##, "! Value is not a valid color."),
                (r#""red""#, "! Value is not a valid color."),
            ],
        ),
        (
            r#""type": "filename", "extension": ["pdf", ".TXT"]"#,
            &[
                (r#""a.txt""#, r#""a.txt""#),
                (r#""A.PDF""#, r#""A.PDF""#),
                (r#""a.doc""#, "! File name must have one of the following extensions: pdf, txt"),
                (r#"".pdf""#, "! File name must have one of the following extensions: pdf, txt"),
                ("null", "{}"),
            ],
        ),
        (r#""type": "filename", "extension": "tar.gz""#, &[(r#""a.tar.gz""#, r#""a.tar.gz""#)]),
        (r#""type": "file""#, &[(r#""/a/b""#, r#""/a/b""#)]),
        (r#""type": "folder""#, &[(r#""/""#, r#""/""#)]),
        (
            r#""type": "cert""#,
            &[
                (
                    r#""-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n""#,
                    r#""-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n""#,
                ),
                (
                    r#""-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----""#,
                    "! Value is not a valid certificate.",
                ),
                (
                    r#""-----BEGIN SECRET-----\nTUlJ\n-----END SECRET-----""#,
                    "! Value is not a valid certificate.",
                ),
            ],
        ),
        (
            r#""type": "pkey""#,
            &[
                (
                    r#""-----BEGIN RSA SECRET-----\nProc-Type: 4,ENCRYPTED\n\nTUlJ\n-----END RSA SECRET-----""#,
                    r#""-----BEGIN RSA SECRET-----\nProc-Type: 4,ENCRYPTED\n\nTUlJ\n-----END RSA SECRET-----""#,
                ),
                (r#""key""#, "! Value is not a valid private key."),
            ],
        ),
        (
            r#""type": "buffer""#,
            &[
                (r#""hi""#, r#""aGk=""#),
                ("5", r#""NQ==""#),
                ("[1]", "! Expected type 'buffer', got type 'array'."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "buffer", "codepage": "latin1""#,
            &[(r#""é""#, r#""6Q==""#), (r#""€""#, "! '€' cannot be written in latin1.")],
        ),
        (
            r#""type": "buffer", "codepage": "ebcdic""#,
            &[(r#""a""#, "! The code page ebcdic is not supported.")],
        ),
        (
            r#""type": "filter""#,
            &[
                (
                    r#"[{"a": "x", "o": "text:equal", "b": "y"}]"#,
                    r#"[[{"a":"x","o":"text:equal","b":"y"}]]"#,
                ),
                (
                    r#"[[{"a": "x", "o": "exist"}], [{"a": "y"}]]"#,
                    r#"[[{"a":"x","o":"exist"}],[{"a":"y"}]]"#,
                ),
                ("[]", "[]"),
                (
                    r#"[{"a": "x", "o": "text:sounds"}]"#,
                    "! Value 'text:sounds' not found in options.",
                ),
                ("[5]", "! A condition of a filter must be an object of a, o and b."),
                ("null", "{}"),
            ],
        ),
        (
            r#""type": "filter", "options": {"logic": "or", "operators": [{"label": "G", "options": [{"label": "is", "value": "is"}]}]}"#,
            &[
                (r#"[{"o": "is"}, {"o": "is"}]"#, r#"[[{"o":"is"}],[{"o":"is"}]]"#),
                (r#"[{"o": "text:equal"}]"#, "! Value 'text:equal' not found in options."),
            ],
        ),
        (r#""type": "upload""#, &[("[1]", "[1]")]),
    ];
    for (attributes, values) in cases {
        for (given, expected) in *values {
            // Spelled out, it would look like one that somebody has left here.
            let [given, expected] = [given, expected].map(|text| text.replace("SECRET", KEY));
            assert_eq!(one(attributes, &given), expected, "{attributes} with {given}");
        }
    }
}
