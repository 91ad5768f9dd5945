//! What the expression language costs: reading, evaluating, and growing with its input.

use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use halyard_iml::{
    Collection, Context, Date, Environment, Limits, Locale, Program, Seeded, Value, Zone,
    syntax::parse_template,
};
use serde::Serialize;

/// Megabytes of source that must be read in a second.
const PARSE_BAR: f64 = 50.0;
/// Evaluations of the typical template that must be done in a second, on one core.
const TYPICAL_BAR: f64 = 1_000_000.0;
/// How time may grow with input: 1 is linear. n log n is 1.1 at these sizes, the rest is noise.
const GROWTH_BAR: f64 = 1.3;
const SIZES: [usize; 4] = [2_000, 8_000, 32_000, 128_000];

/// Three references, one `ifempty`, one `formatDate`.
const TYPICAL: &str = "Hello {{1.name}}, your order {{ifempty(1.order.number; \"(none)\")}} left on \
                       {{formatDate(1.order.sent; \"YYYY-MM-DD HH:mm\")}}.";
const SMALL: &str = "{{1.count + 1}}";
const HEAVY: &str = "{{join(map(sort(1.items; \"desc\"; \"price\"); \"name\"; \"kind\"; \"a,b\"); \", \")}} \
                     {{formatNumber(sum(map(1.items; \"price\")); 2)}} \
                     {{replace(1.text; \"/(\\w+)@(\\w+)\\.com/g\"; \"$2\")}} {{sha256(1.text)}}";

const DATE: &str = "{{formatDate(1.order.sent; \"dddd, D. MMMM YYYY, HH:mm A\")}}";

/// The figures.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Sources read, in megabytes per second.
    pub parse_mb_per_second: f64,
    /// Evaluations per second on one core.
    pub small_per_second: f64,
    /// Evaluations per second on one core.
    pub typical_per_second: f64,
    /// Evaluations per second on one core.
    pub heavy_per_second: f64,
    /// Dates written per second in Czech, on one core, the language being looked up each time.
    pub localized_per_second: f64,
    /// How time grows with input.
    pub growth: Vec<Growth>,
}

/// How the time of one expression grows with its input.
#[derive(Debug, Serialize)]
pub struct Growth {
    /// The expression; `t` is a text, `a` an array, `c` an array of collections, and so on.
    pub expression: String,
    /// Nanoseconds per character or element, for each size.
    pub ns_per_element: Vec<f64>,
    /// The middle one of the exponents from each size to the next: one step out of a cache does not
    /// count, growth that goes on does.
    pub exponent: f64,
}

/// Measures everything; `each` is how long one figure takes at least.
///
/// # Errors
///
/// When an expression fails, so that its time means nothing.
pub fn run(each: Duration) -> Result<Figures> {
    let sources = [
        TYPICAL,
        SMALL,
        HEAVY,
        "{{if(body.ok && statusCode == 200, body.data, undefined)}}",
        "https://example.com/{{parameters.id}}/items?page={{pagination.page}}&q={{encodeURL(parameters.q)}}",
        "{{get(map(2.rows; \"value\"; \"id\"; \"10108\"); 1)}}",
        "plain text without any expression in it",
    ];
    let bytes: usize = sources.iter().map(|source| source.len()).sum();
    let seconds = seconds_of(each, || {
        for source in sources {
            black_box(parse_template(black_box(source)));
        }
    });
    let roots = typical_roots()?;
    Ok(Figures {
        parse_mb_per_second: bytes as f64 / 1e6 / seconds,
        small_per_second: 1.0 / evaluation(each, SMALL, &roots)?,
        typical_per_second: 1.0 / evaluation(each, TYPICAL, &roots)?,
        heavy_per_second: 1.0 / evaluation(each, HEAVY, &roots)?,
        localized_per_second: 1.0 / localized(each, &roots)?,
        growth: EXPRESSIONS
            .iter()
            .map(|expression| growth(each / 20, expression, &SIZES))
            .collect::<Result<_>>()?,
    })
}

/// Measures only how the expressions that contain this text grow, at these sizes.
///
/// # Errors
///
/// When no expression contains it, or one fails.
pub fn growth_of(each: Duration, containing: &str, sizes: &[usize]) -> Result<Vec<Growth>> {
    anyhow::ensure!(sizes.len() > 1, "two sizes are needed to see growth");
    let wanted: Vec<_> = EXPRESSIONS.iter().filter(|e| e.contains(containing)).collect();
    anyhow::ensure!(!wanted.is_empty(), "no expression contains {containing}");
    wanted.into_iter().map(|expression| growth(each, expression, sizes)).collect()
}

fn typical_roots() -> Result<Collection> {
    let items: Vec<_> = (0..100)
        .map(|at| {
            format!(
                r#"{{"name":"n{at}","price":{},"kind":"{}"}}"#,
                at * 37 % 101,
                ["a", "b", "c"][at % 3]
            )
        })
        .collect();
    let text = "ann@example.com wrote to bob@example.com and cid@example.com ".repeat(8);
    let scope = format!(
        r#"{{"1":{{"name":"Ann","count":41,"order":{{"number":"A-1002","sent":"2018-10-01T07:32:05.079Z"}},
            "items":[{}],"text":"{text}"}}}}"#,
        items.join(",")
    );
    Value::scope_from_json(&scope).map_err(|cause| anyhow!(cause))
}

// Seconds of one evaluation.
fn evaluation(each: Duration, template: &str, roots: &Collection) -> Result<f64> {
    let randomness = Seeded::new(1);
    let mut environment = Environment::new(Date::from_ms(1_538_379_125_079)?, &randomness);
    environment.zone = Zone::find("Europe/Prague").context("the zone is in the table")?;
    environment.limits = Limits { steps: u64::MAX, output_bytes: u64::MAX };
    let (program, _) = Program::template(template, Context::default());
    program.evaluate(roots, &environment).with_context(|| template.to_owned())?;
    Ok(seconds_of(each, || {
        drop(black_box(program.evaluate(black_box(roots), &environment)));
    }))
}

// Seconds of a date in a language other than that of the table's first use.
fn localized(each: Duration, roots: &Collection) -> Result<f64> {
    let randomness = Seeded::new(1);
    let now = Date::from_ms(1_538_379_125_079)?;
    let (program, _) = Program::template(DATE, Context::default());
    let mut environment = Environment::new(now, &randomness);
    environment.locale = Locale::find("cs").context("the language is in the table")?;
    let written = program.evaluate(roots, &environment).context(DATE)?;
    anyhow::ensure!(written.as_text().is_some_and(|text| text.contains("října")), "{written:?}");
    Ok(seconds_of(each, || {
        let mut environment = Environment::new(now, &randomness);
        environment.locale = Locale::find(black_box("cs")).unwrap_or_default();
        drop(black_box(program.evaluate(black_box(roots), &environment)));
    }))
}

// The shortest of several rounds: what else the machine does only adds to it.
fn seconds_of(each: Duration, mut run: impl FnMut()) -> f64 {
    let mut times = 1_u32;
    let started = Instant::now();
    let mut best = f64::INFINITY;
    while started.elapsed() < each || best.is_infinite() {
        let round = Instant::now();
        for _ in 0..times {
            run();
        }
        let took = round.elapsed();
        // Short rounds, so that some of them are not interrupted.
        if took < each / 200 {
            times = times.saturating_mul(2);
        } else {
            best = best.min(took.as_secs_f64() / f64::from(times));
        }
    }
    best
}

fn growth(each: Duration, expression: &str, sizes: &[usize]) -> Result<Growth> {
    let mut seconds = Vec::new();
    for &size in sizes {
        let roots = sized_roots(size)?;
        seconds.push(evaluation(each, &format!("{{{{{expression}}}}}"), &roots)?);
    }
    let mut exponents: Vec<f64> = seconds
        .windows(2)
        .zip(sizes.windows(2))
        .map(|(s, size)| (s[1] / s[0]).ln() / (size[1] as f64 / size[0] as f64).ln())
        .collect();
    exponents.sort_unstable_by(f64::total_cmp);
    Ok(Growth {
        expression: expression.to_owned(),
        ns_per_element: seconds.iter().zip(sizes).map(|(s, size)| s * 1e9 / *size as f64).collect(),
        exponent: exponents[exponents.len() / 2],
    })
}

fn sized_roots(size: usize) -> Result<Collection> {
    let number = |at: usize| (at * 7919 % size) as f64;
    let text = |pattern: &str| Value::from(pattern.repeat(size / pattern.len() + 1));
    let numbers =
        |from: usize| Value::array((0..size).map(|at| Value::Number(number(at + from))).collect());
    let words = Value::array((0..size).map(|at| Value::from(format!("w{}", number(at)))).collect());
    let named = |names: &[&str]| {
        Value::array(
            (0..size)
                .map(|at| {
                    let entries =
                        names.iter().map(|name| (*name, Value::from(format!("{}", number(at)))));
                    Value::collection(Collection::of(entries))
                })
                .collect(),
        )
    };
    let object = Collection::of((0..size).map(|at| (format!("k{at}"), Value::Number(number(at)))));
    let nested = Value::array((0..size / 4).map(|_| Value::array(vec![Value::Null; 4])).collect());
    let json = numbers(0).to_json()?;
    let list = (0..size / 4).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
    Ok(Collection::of([
        ("t", text("abc def ")),
        ("s", text("a")),
        ("u", text("%20ab")),
        ("h", text("<b>x</b> & ")),
        ("o", text("<a ")),
        ("e", text("a👋b")),
        ("z", text("žluť ")),
        ("m", text("# a_b*")),
        ("d", text("12 34")),
        ("b", Value::from("QUJD".repeat(size / 4))),
        ("j", Value::from(json)),
        ("f", Value::from("YYYY-MM-DD ".repeat(size / 11 + 1))),
        ("l", Value::from(list)),
        ("a", numbers(0)),
        ("a2", numbers(size / 2)),
        ("w", words),
        ("n", nested),
        ("c", named(&["key", "value", "kind"])),
        ("k", Value::collection(object)),
        ("one", Value::from("x")),
    ]))
}

// Every function that takes text or arrays, on inputs that are hard for it.
const EXPRESSIONS: &[&str] = &[
    "ascii(t)",
    "ascii(z; true)",
    "base64(t)",
    "base64url(b)",
    "capitalize(t)",
    "contains(t; \"zz\")",
    "contains(s; \"aaaaaaaab\")",
    "decodeURL(u)",
    "encodeURL(t)",
    "escapeHTML(h)",
    "escapeMarkdown(m)",
    "formatDate(now; f)",
    "indexOf(t; \"zz\")",
    "indexOf(z; \"zz\"; 9)",
    "length(t)",
    "length(z)",
    "lower(z)",
    "md5(t)",
    "mime(t)",
    "parseDate(d; \"YYYY\")",
    "parseJSON(j)",
    "parseNumber(d)",
    "replace(t; \"b\"; \"xx\")",
    "replace(s; \"aaaaaaaab\"; \"\")",
    "replace(t; \"/[a-c]+/g\"; \"<$&>\")",
    "replace(s; \"/(a*)*b/\"; \"\")",
    "replace(s; \"/a.*?z|a/g\"; \"b\")",
    "replace(s; \"/(?=a)a/g\"; \"b\")",
    "replaceEmojiCharacters(e; \"*\")",
    "sha1(t)",
    "sha256(t)",
    "sha512(t)",
    "sha256(t; \"hex\"; \"key\")",
    "split(t; \" \")",
    "split(t; \"\")",
    "startcase(t)",
    "stripHTML(h)",
    "stripHTML(o)",
    "substring(z; 9; 99999999)",
    "toBinary(t)",
    "toBinary(b; \"base64\")",
    "toString(a)",
    "trim(t)",
    "upper(z)",
    "jwt({a: t}; \"key\")",
    "add(a; 1)",
    "arrayDiff(a; a2)",
    "arrayDifference(a; a2; \"symmetric\")",
    "arrayIntersect(w; a2)",
    "average(a)",
    "contains(a; -1)",
    "createJSON(c)",
    "deduplicate(w)",
    "distinct(c; \"key\")",
    "equal(a; a2)",
    "first(a)",
    "flatten(n)",
    "get(k; \"k77\")",
    "get(a; 77)",
    "indexOf(a; -1)",
    "join(w; \",\")",
    "keys(k)",
    "last(a)",
    "map(c; \"key\")",
    "map(c; \"key\"; \"kind\"; l)",
    "max(a)",
    "median(a)",
    "merge(a; w)",
    "merge(k; k)",
    "min(a)",
    "omit(k; \"k77\")",
    "pick(k; keys(k))",
    "remove(a; 7; 77)",
    "reverse(a)",
    "shuffle(a)",
    "slice(a; 9)",
    "sort(a)",
    "sort(w; \"desc ci\")",
    "sort(c; \"key\")",
    "stdevP(a)",
    "stdevS(a)",
    "sum(a)",
    "toArray(k)",
    "toCollection(c; \"key\"; \"value\")",
];

impl std::fmt::Display for Figures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = |met: bool| if met { "" } else { "  MISSED" };
        writeln!(out, "Expressions, on one core")?;
        writeln!(
            out,
            "  parse        {:>12.0} MB/s   bar {PARSE_BAR:.0}{}",
            self.parse_mb_per_second,
            verdict(self.parse_mb_per_second >= PARSE_BAR)
        )?;
        writeln!(out, "  small        {:>12.0} /s", self.small_per_second)?;
        writeln!(
            out,
            "  typical      {:>12.0} /s     bar {TYPICAL_BAR:.0}{}",
            self.typical_per_second,
            verdict(self.typical_per_second >= TYPICAL_BAR)
        )?;
        writeln!(out, "  heavy        {:>12.0} /s", self.heavy_per_second)?;
        writeln!(out, "  date in cs   {:>12.0} /s", self.localized_per_second)?;
        write_growth(out, &self.growth, &SIZES)
    }
}

/// Writes the table of growth at these sizes.
///
/// # Errors
///
/// Those of the writer.
pub fn write_growth(
    out: &mut impl std::fmt::Write,
    table: &[Growth],
    sizes: &[usize],
) -> std::fmt::Result {
    let sizes: Vec<_> = sizes.iter().map(|size| format!("{size:>9}")).collect();
    writeln!(out, "Nanoseconds per character or element, and how time grows (1 is linear)")?;
    writeln!(out, "  {:<44}{}  exponent", "", sizes.join(""))?;
    for growth in table {
        let mut row = String::new();
        for ns in &growth.ns_per_element {
            write!(row, "{ns:>9.2}")?;
        }
        let late = if growth.exponent <= GROWTH_BAR { "" } else { "  MISSED" };
        writeln!(out, "  {:<44}{row}{:>10.2}{late}", growth.expression, growth.exponent)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use halyard_iml::functions::{ArgumentKind, catalogue};

    #[test]
    fn every_function_of_text_or_arrays_is_measured() {
        let special = ["if", "ifempty", "switch"];
        // A date, a number and a separator or two are all that these read.
        let small = ["dateDifference", "formatNumber"];
        for function in catalogue() {
            let reads = function.arguments.iter().any(|argument| {
                !matches!(argument.kind, ArgumentKind::Number | ArgumentKind::Date)
            });
            let moves = function.name.starts_with("set");
            if reads
                && !moves
                && !special.contains(&function.name)
                && !small.contains(&function.name)
            {
                let call = format!("{}(", function.name);
                assert!(EXPRESSIONS.iter().any(|e| e.starts_with(&call)), "{}", function.name);
            }
        }
    }

    #[test]
    fn all_of_it_can_be_evaluated() {
        let figures = run(Duration::from_micros(10)).expect("figures");
        assert!(figures.typical_per_second > 0.0 && figures.growth.len() == EXPRESSIONS.len());
        assert!(figures.to_string().contains("typical"));
    }
}
