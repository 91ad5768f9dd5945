//! Values of expressions as values of JavaScript and back.

use halyard_iml::{Bound, Collection, Date, Error, ErrorKind, Key, MAX_VALUE_DEPTH, Value};
use rquickjs::{Array, Ctx, Function, Object, Type, TypedArray};

/// Why a conversion ends.
pub(super) enum Fault {
    /// JavaScript has thrown, or the engine has failed.
    Engine(rquickjs::Error),
    /// The value cannot be one of an expression.
    Value(Error),
}

impl From<rquickjs::Error> for Fault {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(error)
    }
}

fn limit(bound: Bound, cause: &str) -> Fault {
    Fault::Value(Error::new(ErrorKind::Limit(bound), cause))
}

fn too_deep() -> Fault {
    limit(Bound::Depth, "The value is nested too deeply, or contains itself.")
}

/// Gives a value to JavaScript. Numbers, texts, booleans, null and undefined are what they are; dates
/// are `Date`, bytes `Buffer`. Collections keep their order, except that JavaScript has names that are
/// whole numbers come first.
pub(super) fn to_js<'js>(
    ctx: &Ctx<'js>,
    tools: &Object<'js>,
    value: &Value,
) -> Result<rquickjs::Value<'js>, Fault> {
    to_js_at(ctx, tools, value, 0)
}

fn to_js_at<'js>(
    ctx: &Ctx<'js>,
    tools: &Object<'js>,
    value: &Value,
    depth: usize,
) -> Result<rquickjs::Value<'js>, Fault> {
    if depth > MAX_VALUE_DEPTH {
        return Err(too_deep());
    }
    Ok(match value {
        Value::Undefined => rquickjs::Value::new_undefined(ctx.clone()),
        Value::Null => rquickjs::Value::new_null(ctx.clone()),
        Value::Bool(value) => rquickjs::Value::new_bool(ctx.clone(), *value),
        Value::Number(number) => rquickjs::Value::new_number(ctx.clone(), *number),
        Value::Text(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
        Value::Date(date) => {
            let make: Function<'js> = tools.get("date")?;
            make.call((date.ms() as f64,))?
        }
        Value::Buffer(bytes) => {
            let make: Function<'js> = tools.get("bytes")?;
            make.call((TypedArray::<u8>::new_copy(ctx.clone(), bytes)?,))?
        }
        Value::Stored(_) => {
            let cause = "A file that is too large for memory cannot be given to a function.";
            return Err(limit(Bound::Output, cause));
        }
        Value::Array(items) => {
            let array = Array::new(ctx.clone())?;
            for (at, item) in items.iter().enumerate() {
                array.set(at, to_js_at(ctx, tools, item, depth + 1)?)?;
            }
            array.into_value()
        }
        Value::Collection(entries) => {
            let object = Object::new(ctx.clone())?;
            for (key, value) in entries.iter() {
                let value = to_js_at(ctx, tools, value, depth + 1)?;
                if &**key.name() == "__proto__" {
                    let define: Function<'js> = tools.get("define")?;
                    define.call::<_, ()>((object.clone(), "__proto__", value))?;
                } else {
                    object.set(&**key.name(), value)?;
                }
            }
            object.into_value()
        }
    })
}

/// How much a result may hold.
pub(super) struct Reader<'a, 'js> {
    pub(super) tools: Option<&'a Object<'js>>,
    /// Bytes that are left.
    pub(super) left: u64,
}

/// What a value costs beside its text: its place, its key, and what a collection needs for itself.
const ENTRY: u64 = 128;

/// A thrown value without dates and bytes, small enough to be shown.
pub(super) fn to_plain(value: &rquickjs::Value<'_>) -> Result<Value, Fault> {
    Reader { tools: None, left: 10_000 }.value(value)
}

impl<'js> Reader<'_, 'js> {
    /// Takes a value from JavaScript. Own enumerable properties become entries, functions and symbols
    /// nothing, large integers text, invalid dates null.
    pub(super) fn value(&mut self, value: &rquickjs::Value<'js>) -> Result<Value, Fault> {
        self.at(value, 0)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Fault> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(limit(Bound::Output, "The value is too large.")),
        }
    }

    fn at(&mut self, value: &rquickjs::Value<'js>, depth: usize) -> Result<Value, Fault> {
        self.spend(ENTRY)?;
        match value.type_of() {
            Type::Null => Ok(Value::Null),
            Type::Bool => Ok(Value::Bool(value.as_bool().unwrap_or_default())),
            Type::Int | Type::Float => Ok(Value::Number(value.as_number().unwrap_or(f64::NAN))),
            Type::String => match value.as_string() {
                Some(text) => self.text(text).map(Value::from),
                None => Ok(Value::Undefined),
            },
            Type::BigInt => self.big(value),
            Type::Array | Type::Object | Type::Exception | Type::Proxy | Type::Promise => {
                if depth >= MAX_VALUE_DEPTH {
                    return Err(too_deep());
                }
                match value.as_object() {
                    Some(object) => self.object(object, depth),
                    None => Ok(Value::Undefined),
                }
            }
            _ => Ok(Value::Undefined),
        }
    }

    // Half a character becomes the replacement character.
    fn text(&mut self, text: &rquickjs::String<'js>) -> Result<String, Fault> {
        let read = match (text.to_string(), self.tools) {
            (Err(rquickjs::Error::Utf8(_)), Some(tools)) => {
                let well_formed: Function<'js> = tools.get("wellFormed")?;
                let text: rquickjs::String<'js> = well_formed.call((text.clone(),))?;
                text.to_string()?
            }
            (read, _) => read?,
        };
        self.spend(read.len() as u64)?;
        Ok(read)
    }

    // A number where it is exact, otherwise its digits.
    fn big(&mut self, value: &rquickjs::Value<'js>) -> Result<Value, Fault> {
        let Some(tools) = self.tools else { return Ok(Value::Undefined) };
        let digits: Function<'js> = tools.get("digits")?;
        let digits: rquickjs::String<'js> = digits.call((value.clone(),))?;
        let digits = self.text(&digits)?;
        let exact = digits.parse::<i64>().ok().filter(|n| n.abs() <= 9_007_199_254_740_991);
        Ok(exact.map_or_else(|| Value::from(digits), |number| Value::Number(number as f64)))
    }

    fn object(&mut self, object: &Object<'js>, depth: usize) -> Result<Value, Fault> {
        if object.is_array() || self.is_array_behind(object)? {
            return self.array(object, depth);
        }
        if let Some(special) = self.special(object)? {
            return Ok(special);
        }
        let mut entries = Vec::new();
        for name in object.keys::<rquickjs::String<'js>>() {
            let name = name?;
            let value: rquickjs::Value<'js> = object.get(name.clone())?;
            let value = self.at(&value, depth + 1)?;
            if !value.is_undefined() {
                entries.push((Key::new(self.text(&name)?), value));
            }
        }
        Ok(Value::collection(Collection::new(entries)))
    }

    // What a proxy stands for is an array to JavaScript, too.
    fn is_array_behind(&self, object: &Object<'js>) -> Result<bool, Fault> {
        let Some(tools) = self.tools.filter(|_| object.is_proxy()) else { return Ok(false) };
        let is_array: Function<'js> = tools.get("isArray")?;
        Ok(is_array.call((object.clone(),))?)
    }

    fn array(&mut self, array: &Object<'js>, depth: usize) -> Result<Value, Fault> {
        let length: f64 = array.get("length")?;
        // A proxy may say anything.
        if !(0.0..=self.left as f64 / ENTRY as f64).contains(&length) {
            return Err(limit(Bound::Output, "The value is too large."));
        }
        let mut items = Vec::new();
        for at in 0..length as usize {
            let item: rquickjs::Value<'js> = array.get(at as f64)?;
            items.push(self.at(&item, depth + 1)?);
        }
        Ok(Value::array(items))
    }

    // Dates, bytes, and wrapped texts, numbers and booleans.
    fn special(&mut self, object: &Object<'js>) -> Result<Option<Value>, Fault> {
        let Some(tools) = self.tools else { return Ok(None) };
        // Most objects are plain, and asking JavaScript takes longer than all else.
        let plain: Object<'js> = tools.get("plain")?;
        if !object.is_proxy() && object.get_prototype().is_some_and(|of| of == plain) {
            return Ok(None);
        }
        if object.is_typed_array::<u8>() || object.is_array_buffer() {
            let bytes: Function<'js> = tools.get("bytesOf")?;
            let characters: String = bytes.call((object.clone(),))?;
            self.spend(characters.len() as u64)?;
            return Ok(Some(Value::buffer(bytes_of(&characters))));
        }
        let date: Function<'js> = tools.get("dateOf")?;
        let ms: rquickjs::Value<'js> = date.call((object.clone(),))?;
        if let Some(ms) = ms.as_number() {
            // It has the range of our dates; an invalid one is NaN.
            let date = (!ms.is_nan()).then(|| Date::from_ms(ms as i64));
            let value = date.transpose().map_err(Fault::Value)?;
            return Ok(Some(value.map_or(Value::Null, Value::Date)));
        }
        let unwrapped: Function<'js> = tools.get("unwrapped")?;
        let inside: rquickjs::Value<'js> = unwrapped.call((object.clone(),))?;
        if inside.is_undefined() || inside.is_object() {
            return Ok(None);
        }
        self.at(&inside, 0).map(Some)
    }
}

/// The bytes that a text of as many characters stands for.
pub(super) fn bytes_of(characters: &str) -> Vec<u8> {
    characters.chars().map(|character| u32::from(character) as u8).collect()
}
