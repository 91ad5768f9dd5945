//! Forms for clients.

use super::{
    rpcs::{PLACES, Service, places},
    *,
};

#[test]
fn forms_are_described_as_their_authors_wrote_them() {
    let service = Service::new(places);
    let form = r#"[{"name":"a","type":"text","help":"h","unknown":{"x":1}},{"name":"c","type":"select","options":"rpc://countries","required":false},"rpc://cities?country=cz"]"#;
    assert_eq!(form::describe(&fields(form)).to_json().unwrap(), form);
    let resolved = block_on(form::resolve(&fields(form), &collection("{}"), &service));
    assert_eq!(told(&resolved.failed), "");
    assert_eq!(
        resolved.fields.to_json().unwrap(),
        r#"[{"name":"a","type":"text","help":"h","unknown":{"x":1}},{"name":"c","type":"select","options":[{"id":"cz","title":"Czechia"},{"id":"jp","title":"Japan"}],"required":false},{"name":"city","type":"select","required":true,"options":[],"nested":"rpc://streets"}]"#
    );
    let resolved = block_on(form::resolve(
        &fields(PLACES),
        &collection(r#"{"country": "cz", "city": "prg"}"#),
        &service,
    ));
    assert_eq!(
        resolved.fields.to_json().unwrap(),
        r#"[{"name":"country","type":"select","options":{"store":[{"id":"cz","title":"Czechia"},{"id":"jp","title":"Japan"}],"label":"title","value":"id","nested":[{"name":"city","type":"select","required":true,"options":[{"label":"Praha","value":"prg"}],"nested":[{"name":"street","type":"number"}]}]}}]"#
    );
    service.calls();
    let resolved = block_on(form::resolve(&fields(PLACES), &collection("{}"), &service));
    assert!(resolved.fields.to_json().unwrap().contains(r#""nested":"rpc://cities""#));
    assert_eq!(service.calls(), ["countries {}"]);
    let resolved = block_on(form::resolve(
        &fields(r#"["rpc://fails", {"name": "x", "type": "text"}]"#),
        &collection("{}"),
        &service,
    ));
    assert_eq!(
        told(&resolved.failed),
        ": Failed to resolve remote resource rpc://fails: no answer"
    );
    assert_eq!(resolved.fields.to_json().unwrap(), r#"["rpc://fails",{"name":"x","type":"text"}]"#);
    let options = r#"[{"name":"k","type":"select","options":[{"label":"G","options":[{"label":"A","value":"a","nested":["rpc://cities?country=cz"]}]},{"label":"B","value":"b","nested":["rpc://fails"]}]}]"#;
    let resolved =
        block_on(form::resolve(&fields(options), &collection(r#"{"k": "a"}"#), &service))
            .fields
            .to_json()
            .unwrap();
    assert!(
        resolved.contains(r#""nested":[{"name":"city""#)
            && resolved.contains(r#""nested":["rpc://fails"]"#),
        "{resolved}"
    );
}

#[test]
fn forms_begin_with_their_defaults() {
    let form = fields(
        r#"[{"name": "t", "type": "text", "default": "x"}, {"name": "n", "type": "text"},
        {"name": "k", "type": "select", "options": [{"label": "A", "value": "a"},
            {"label": "B", "value": "b", "default": true, "nested": [{"name": "z", "type": "number", "default": 3}]}]},
        {"name": "m", "type": "select", "multiple": true, "options": [{"value": 1, "label": "1", "default": true}, {"value": 2, "label": "2", "default": true}]}]"#,
    );
    let values = Value::collection(form::defaults(&form));
    assert_eq!(values.to_json().unwrap(), r#"{"t":"x","k":"b","z":3,"m":[1,2]}"#);
}

#[test]
fn buttons_and_samples_call_their_rpc() {
    let service = Service::new(places);
    let parameter = Parameter::from_value(&json(
        r#"{"name": "x", "type": "text", "rpc": {"label": "Find", "url": "rpc://echo?a=query&b=query", "parameters": [{"name": "a", "type": "text"}]}}"#,
    ))
    .unwrap();
    let button = parameter.button.unwrap();
    let (values, own) = (collection(r#"{"b": 1, "f": 2}"#), collection(r#"{"a": "own"}"#));
    block_on(form::look_up(&button, &values, &own, &service)).unwrap();
    assert_eq!(service.calls(), [r#"echo {"b":"query","f":2,"a":"own"}"#]);

    let sample = |samples| block_on(form::sample(&samples, &values, &service));
    assert_eq!(sample(Samples::Fixed(json("5"))).unwrap().to_json().unwrap(), "5");
    let of = |name: &str| Samples::Rpc(RpcCall { name: name.into(), query: Vec::new() });
    assert_eq!(sample(of("echo")).unwrap().to_json().unwrap(), r#"{"b":1,"f":2}"#);
    assert_eq!(sample(of("fails")).unwrap_err().message, "no answer");
}
