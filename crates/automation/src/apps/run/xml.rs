//! XML as values: every element is in a list of its occurrences; attributes are in `_attributes`,
//! and the text beside them or beside elements is in `_value`.

use halyard_iml::{Collection, Key, Value};
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};

/// How deep elements may stand in each other.
const DEPTH: usize = 100;

/// The value of a document: a collection with the root element, which is in no list.
///
/// Entities that a document defines are not replaced, so no document grows when it is read.
pub(super) fn read(text: &str, values: usize) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<(Key, Value)> = None;
    let mut left = values;
    let mut spend = |count: usize| {
        left =
            left.checked_sub(count).ok_or_else(|| format!("it has more than {values} elements"))?;
        Ok::<(), String>(())
    };
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                if open.len() == DEPTH {
                    return Err(format!("its elements are nested more than {DEPTH} deep"));
                }
                let element = Element::new(&start)?;
                spend(1 + element.attributes.len())?;
                open.push(element);
            }
            Event::Empty(start) => {
                let element = Element::new(&start)?;
                spend(1 + element.attributes.len())?;
                close(element, &mut open, &mut root)?;
            }
            Event::End(_) => {
                let element = open.pop().ok_or("an element ends that has not begun")?;
                close(element, &mut open, &mut root)?;
            }
            Event::Text(part) => {
                let part = part.decode().map_err(|error| error.to_string())?;
                match open.last_mut() {
                    Some(element) => element.text.push_str(&part),
                    None if part.trim().is_empty() => {}
                    None => return Err("there is text outside of its root element".to_owned()),
                }
            }
            Event::CData(part) => {
                let part = part.decode().map_err(|error| error.to_string())?;
                let element = open.last_mut().ok_or("there is text outside of its root element")?;
                element.text.push_str(&part);
            }
            Event::GeneralRef(reference) => {
                let element = open.last_mut().ok_or("there is text outside of its root element")?;
                let name = reference.decode().map_err(|error| error.to_string())?;
                let number = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                match (number, resolve_xml_entity(&name)) {
                    (Some(letter), _) => element.text.push(letter),
                    (None, Some(known)) => element.text.push_str(known),
                    (None, None) => return Err(format!("the entity {name} is unknown")),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if !open.is_empty() {
        return Err("it ends within an element".to_owned());
    }
    let root = root.ok_or("it has no element")?;
    Ok(Value::collection(Collection::new(vec![root])))
}

fn close(
    element: Element,
    open: &mut [Element],
    root: &mut Option<(Key, Value)>,
) -> Result<(), String> {
    let (key, value) = element.finish();
    match open.last_mut() {
        Some(parent) => parent.child(key, value),
        None if root.is_none() => *root = Some((key, value)),
        None => return Err("it has two root elements".to_owned()),
    }
    Ok(())
}

struct Element {
    key: Key,
    attributes: Vec<(Key, Value)>,
    children: Vec<(Key, Vec<Value>)>,
    text: String,
}

impl Element {
    fn new(start: &BytesStart<'_>) -> Result<Self, String> {
        let name = |bytes: &[u8]| {
            std::str::from_utf8(bytes).map(Key::new).map_err(|error| error.to_string())
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            attributes.push((name(attribute.key.as_ref())?, Value::from(&*value)));
        }
        let key = name(start.name().as_ref())?;
        Ok(Self { key, attributes, children: Vec::new(), text: String::new() })
    }

    fn child(&mut self, key: Key, value: Value) {
        // Mostly the last one again.
        let known = self.children.iter_mut().rev().find(|(known, _)| known.name() == key.name());
        match known {
            Some((_, values)) => values.push(value),
            None => self.children.push((key, vec![value])),
        }
    }

    fn finish(self) -> (Key, Value) {
        if self.attributes.is_empty() && self.children.is_empty() {
            return (self.key, Value::from(self.text));
        }
        let mut members = Vec::with_capacity(self.children.len() + 2);
        if !self.attributes.is_empty() {
            let attributes = Value::collection(Collection::new(self.attributes));
            members.push((Key::new("_attributes"), attributes));
        }
        if !self.text.trim().is_empty() {
            members.push((Key::new("_value"), Value::from(self.text.trim())));
        }
        members.extend(self.children.into_iter().map(|(key, values)| (key, Value::array(values))));
        (self.key, Value::collection(Collection::new(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(xml: &str) -> String {
        match read(xml, 1000) {
            Ok(value) => value.to_json().unwrap(),
            Err(error) => error,
        }
    }

    #[test]
    fn elements_are_lists_and_attributes_stand_apart() {
        assert_eq!(json("<data><text>Hello</text></data>"), r#"{"data":{"text":["Hello"]}}"#);
        assert_eq!(
            json(r#"<?xml version="1.0"?><data><text foo="b&amp;r">Hello</text><no/></data>"#),
            r#"{"data":{"text":[{"_attributes":{"foo":"b&r"},"_value":"Hello"}],"no":[""]}}"#
        );
        assert_eq!(
            json("<d><i>1</i><j>&lt;&#65;</j><!-- no --><i><![CDATA[<2>]]></i></d>"),
            r#"{"d":{"i":["1","<2>"],"j":["<A"]}}"#
        );
        assert_eq!(json("<d>a<b/>c</d>"), r#"{"d":{"_value":"ac","b":[""]}}"#);
        assert_eq!(json("<d/>"), r#"{"d":""}"#);
    }

    #[test]
    fn nothing_grows_and_nothing_is_too_deep() {
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>"#;
        assert_eq!(json(bomb), "the entity c is unknown");
        assert!(json(&"<a>".repeat(200)).contains("nested"));
        assert!(json(&format!("<a>{}</a>", "<b/>".repeat(2000))).contains("more than 1000"));
        for broken in ["", "text", "<a>", "<a></b>", "<a/><b/>", "</a>", "<a x=1/>"] {
            assert!(!json(broken).starts_with('{'), "{broken}: {}", json(broken));
        }
    }
}
