//! JsonLogic as its reference, json-logic-js, evaluates it. Of values of different types, the engine makes something else
//! than JavaScript does: these operators take the place of its own. Knows no rule.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use datalogic_rs::bumpalo::Bump;
use datalogic_rs::operator::EvalContext;
use datalogic_rs::{ArenaExt, CustomOperator, DataValue, Engine};
use serde_json::{Map, Value, json};

use super::rule::ITERATING;

/// Operators that the engine evaluates as the reference does. `val` is its own: it finds what is outside of an element.
const OF_ENGINE: [&str; 11] = [
    "!",
    "!!",
    "?:",
    "and",
    "if",
    "merge",
    "missing",
    "missing_some",
    "or",
    "val",
    "var",
];

/// What an operator makes of its arguments.
type Operation = for<'a> fn(&[&'a DataValue<'a>], &'a Bump) -> &'a DataValue<'a>;

/// Operators that take the place of the engine's own.
const OWN: [(&str, Operation); 18] = [
    ("!=", |all, memory| memory.bool(!equals(all))),
    ("!==", |all, memory| memory.bool(!is_same(all))),
    ("%", |all, memory| of_two(all, memory, |one, two| one % two)),
    ("*", product),
    ("+", sum),
    ("-", difference),
    ("/", |all, memory| of_two(all, memory, |one, two| one / two)),
    ("<", |all, memory| {
        memory.bool(ascends(all, Ordering::is_lt))
    }),
    ("<=", |all, memory| {
        memory.bool(ascends(all, Ordering::is_le))
    }),
    ("==", |all, memory| memory.bool(equals(all))),
    ("===", |all, memory| memory.bool(is_same(all))),
    (">", |all, memory| {
        memory.bool(orders(pair(all), Ordering::is_gt))
    }),
    (">=", |all, memory| {
        memory.bool(orders(pair(all), Ordering::is_ge))
    }),
    ("cat", concatenation),
    ("in", |all, memory| memory.bool(is_in(all))),
    ("max", |all, memory| {
        extreme(all, memory, f64::NEG_INFINITY, |one, two| one > two)
    }),
    ("min", |all, memory| {
        extreme(all, memory, f64::INFINITY, |one, two| one < two)
    }),
    ("substr", part),
];

/// The name under which the engine has an operator of ours. It would take its own for one of the same name.
fn inner(operator: &str) -> String {
    format!("js {operator}")
}

/// The operator that makes an array of what `map` and its like go through.
const ELEMENTS: &str = "js elements";

struct Own(Operation);

impl CustomOperator for Own {
    fn evaluate<'a>(
        &self,
        arguments: &[&'a DataValue<'a>],
        _: &mut EvalContext<'_, 'a>,
        memory: &'a Bump,
    ) -> datalogic_rs::Result<&'a DataValue<'a>> {
        Ok((self.0)(arguments, memory))
    }
}

/// Evaluates what [`translated`] returns. It keeps nothing of what it has evaluated, so one is enough for all tenants.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let builder = Engine::builder().add_operator(ELEMENTS, Own(elements));
    let all = OWN.into_iter();
    let builder = all.fold(builder, |builder, (name, operation)| {
        builder.add_operator(inner(name), Own(operation))
    });
    builder.build()
});

/// Conditions, as the engine must get them.
///
/// # Errors
/// They use an operator that there is not.
pub fn translated(value: &Value) -> Result<Value, String> {
    match value {
        Value::Array(elements) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(translated).collect();
            elements.map(Value::Array)
        }
        Value::Object(members) => {
            let mut members = members.iter();
            let (Some((operator, arguments)), None) = (members.next(), members.next()) else {
                // What this is, the engine says.
                return Ok(value.clone());
            };
            operation(operator, translated(arguments)?)
        }
        other => Ok(other.clone()),
    }
}

fn operation(operator: &str, arguments: Value) -> Result<Value, String> {
    let mut arguments = arguments;
    let name = if OWN.iter().any(|(own, _)| *own == operator) {
        inner(operator)
    } else if ITERATING.contains(&operator) {
        if let Some(source) = arguments.as_array_mut().and_then(|all| all.first_mut()) {
            *source = json!({ ELEMENTS: [source.take()] });
        }
        operator.to_owned()
    } else if OF_ENGINE.contains(&operator) {
        operator.to_owned()
    } else {
        return Err(format!(
            "`{operator}` is no operator; those of JsonLogic are at https://jsonlogic.com/operations.html"
        ));
    };
    Ok(Value::Object(Map::from_iter([(name, arguments)])))
}

/// An argument; none is `undefined`.
type Argument<'v, 'a> = Option<&'v DataValue<'a>>;

fn pair<'a>(all: &[&'a DataValue<'a>]) -> (Argument<'a, 'a>, Argument<'a, 'a>) {
    (all.first().copied(), all.get(1).copied())
}

/// `==` of JavaScript.
fn equals<'a>(all: &[&'a DataValue<'a>]) -> bool {
    use DataValue::{Array, Null, Object, String};
    match pair(all) {
        (None | Some(Null), None | Some(Null)) => true,
        (None | Some(Null), _) | (_, None | Some(Null)) => false,
        (Some(one @ (Array(_) | Object(_))), Some(two @ (Array(_) | Object(_)))) => {
            is_one(one, two)
        }
        (
            Some(one @ (String(_) | Array(_) | Object(_))),
            Some(two @ (String(_) | Array(_) | Object(_))),
        ) => text(one) == text(two),
        (Some(one), Some(two)) => number(one) == number(two),
    }
}

/// `===` of JavaScript.
fn is_same<'a>(all: &[&'a DataValue<'a>]) -> bool {
    match pair(all) {
        (None, None) => true,
        (Some(one), Some(two)) => are_same(one, two),
        _ => false,
    }
}

fn are_same(one: &DataValue<'_>, two: &DataValue<'_>) -> bool {
    match (one, two) {
        (DataValue::Null, DataValue::Null) => true,
        (DataValue::Bool(one), DataValue::Bool(two)) => one == two,
        (DataValue::Number(one), DataValue::Number(two)) => one.as_f64() == two.as_f64(),
        (DataValue::String(one), DataValue::String(two)) => one == two,
        _ => is_one(one, two),
    }
}

/// Whether two arrays or two objects are one and the same: JavaScript does not look into them.
fn is_one(one: &DataValue<'_>, two: &DataValue<'_>) -> bool {
    match (one, two) {
        (DataValue::Array(one), DataValue::Array(two)) if !one.is_empty() => {
            std::ptr::eq(*one, *two)
        }
        (DataValue::Object(one), DataValue::Object(two)) if !one.is_empty() => {
            std::ptr::eq(*one, *two)
        }
        _ => std::ptr::eq(one, two),
    }
}

fn orders(pair: (Argument<'_, '_>, Argument<'_, '_>), wanted: fn(Ordering) -> bool) -> bool {
    use DataValue::{Array, Object, String};
    let (Some(one), Some(two)) = pair else {
        // `undefined` is neither more nor less than anything.
        return false;
    };
    let order = match (one, two) {
        (String(_) | Array(_) | Object(_), String(_) | Array(_) | Object(_)) => {
            Some(text(one).encode_utf16().cmp(text(two).encode_utf16()))
        }
        _ => number(one).partial_cmp(&number(two)),
    };
    order.is_some_and(wanted)
}

/// `<` and `<=`, which may have a third argument.
fn ascends<'a>(all: &[&'a DataValue<'a>], wanted: fn(Ordering) -> bool) -> bool {
    let more = all.get(2).copied();
    orders(pair(all), wanted)
        && more.is_none_or(|more| orders((all.get(1).copied(), Some(more)), wanted))
}

/// Whether a text has another in it, or an array the same value.
fn is_in<'a>(all: &[&'a DataValue<'a>]) -> bool {
    match pair(all) {
        (part, Some(DataValue::String(whole))) => {
            !whole.is_empty() && whole.contains(&*part.map_or("undefined".into(), text))
        }
        (Some(one), Some(DataValue::Array(elements))) => {
            elements.iter().any(|element| are_same(one, element))
        }
        _ => false,
    }
}

fn sum<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    memory.f64(
        all.iter()
            .fold(0.0, |sum, value| sum + leading_number(value)),
    )
}

fn product<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    match all {
        // JavaScript does not look at the only one.
        [only] => only,
        all => {
            let factors = all.iter().map(|value| leading_number(value));
            memory.f64(factors.product())
        }
    }
}

fn difference<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    match all {
        [only] => memory.f64(-number(only)),
        all => of_two(all, memory, |one, two| one - two),
    }
}

fn of_two<'a>(
    all: &[&'a DataValue<'a>],
    memory: &'a Bump,
    operation: fn(f64, f64) -> f64,
) -> &'a DataValue<'a> {
    let (one, two) = pair(all);
    let number = |value: Argument<'_, '_>| value.map_or(f64::NAN, number);
    memory.f64(operation(number(one), number(two)))
}

fn extreme<'a>(
    all: &[&'a DataValue<'a>],
    memory: &'a Bump,
    start: f64,
    is_more: fn(f64, f64) -> bool,
) -> &'a DataValue<'a> {
    let numbers = all.iter().map(|value| number(value));
    memory.f64(numbers.fold(start, |best, one| match one {
        one if one.is_nan() || best.is_nan() => f64::NAN,
        one if is_more(one, best) => one,
        _ => best,
    }))
}

fn concatenation<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    let mut whole = String::new();
    for value in all.iter().filter(|value| !value.is_null()) {
        whole.push_str(&text(value));
    }
    memory.string(&whole)
}

/// `substr`, which counts in UTF-16. A negative length ends that far before the end, as the reference has it.
fn part<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    let whole = all.first().map_or("undefined".into(), |value| text(value));
    let units: Vec<u16> = whole.encode_utf16().collect();
    let at = |value: &DataValue<'_>, length: usize| {
        // A number that is none counts as 0; the conversion is saturating.
        let place = number(value).trunc() as i64;
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let place = if place < 0 {
            length.saturating_add(place).max(0)
        } else {
            place.min(length)
        };
        usize::try_from(place).unwrap_or(0)
    };
    let start = all.get(1).map_or(0, |start| at(start, units.len()));
    let rest = units.get(start..).unwrap_or_default();
    let length = all
        .get(2)
        .map_or(rest.len(), |length| at(length, rest.len()));
    memory.string(&String::from_utf16_lossy(
        rest.get(..length).unwrap_or(rest),
    ))
}

/// What `map` and its like go through: anything but an array has no elements.
fn elements<'a>(all: &[&'a DataValue<'a>], memory: &'a Bump) -> &'a DataValue<'a> {
    match all.first() {
        Some(array @ DataValue::Array(_)) => array,
        _ => memory.array(&[]),
    }
}

/// `Number` of JavaScript.
fn number(value: &DataValue<'_>) -> f64 {
    match value {
        DataValue::Null => 0.0,
        DataValue::Bool(value) => f64::from(u8::from(*value)),
        DataValue::Number(number) => number.as_f64(),
        other => number_of(text(other).trim_matches(is_blank)),
    }
}

fn number_of(text: &str) -> f64 {
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits.chars().map(|digit| digit.to_digit(radix));
            let whole = digits.map(|digit| digit.map(f64::from));
            let whole = whole.reduce(|all, digit| Some(all? * f64::from(radix) + digit?));
            return whole.flatten().unwrap_or(f64::NAN);
        }
    }
    if decimal(text) == text {
        return text.parse().unwrap_or(f64::NAN);
    }
    f64::NAN
}

/// `parseFloat` of JavaScript: the number with which the text of a value begins.
fn leading_number(value: &DataValue<'_>) -> f64 {
    match value {
        DataValue::Number(number) => number.as_f64(),
        other => {
            let text = text(other);
            decimal(text.trim_start_matches(is_blank))
                .parse()
                .unwrap_or(f64::NAN)
        }
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

/// The decimal number with which a text begins; empty if it begins with none.
fn decimal(text: &str) -> &str {
    let digits = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        rest.bytes().take_while(u8::is_ascii_digit).count()
    };
    let has = |at: usize, one_of: &[u8]| {
        let byte = text.as_bytes().get(at);
        byte.is_some_and(|byte| one_of.contains(byte))
    };
    let sign = usize::from(has(0, b"+-"));
    if text
        .get(sign..)
        .is_some_and(|rest| rest.starts_with("Infinity"))
    {
        return text.get(..sign + "Infinity".len()).unwrap_or_default();
    }
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if has(end, b".") {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return "";
    }
    if has(end, b"eE") {
        let sign = usize::from(has(end + 1, b"+-"));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    text.get(..end).unwrap_or_default()
}

/// `String` of JavaScript.
fn text<'v>(value: &'v DataValue<'_>) -> Cow<'v, str> {
    match value {
        DataValue::Null => "null".into(),
        DataValue::Bool(value) => if *value { "true" } else { "false" }.into(),
        DataValue::Number(number) => numeral(number.as_f64()).into(),
        DataValue::String(text) => (*text).into(),
        DataValue::Object(_) => "[object Object]".into(),
        DataValue::Array(elements) => {
            let mut all = String::new();
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    all.push(',');
                }
                if !element.is_null() {
                    all.push_str(&text(element));
                }
            }
            all.into()
        }
    }
}

/// A number as JavaScript writes it.
fn numeral(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if size.is_infinite() {
        format!("{}Infinity", if number < 0.0 { "-" } else { "" })
    } else if size == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        if size < 1.0 {
            text
        } else {
            text.replace('e', "e+")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ENGINE, translated};

    /// What a condition makes of some facts.
    fn made(conditions: &Value) -> Value {
        let known = json!({
            "custom": {"text": "NZ", "amount": 5, "items": [1, 2, 3], "object": {"a": 1}, "none": null},
            "items": ["a", "b"],
        });
        let translated = translated(conditions).unwrap();
        let logic = ENGINE.compile(translated.to_string().as_str()).unwrap();
        let mut session = ENGINE.session();
        let made = session.eval_into::<Value, _>(&logic, known.to_string().as_str());
        made.unwrap_or_else(|why| panic!("{conditions}: {why}"))
    }

    fn check(cases: impl IntoIterator<Item = (Value, Value)>) {
        for (conditions, expected) in cases {
            assert_eq!(made(&conditions), expected, "{conditions}");
        }
    }

    #[test]
    fn equality_is_that_of_javascript() {
        let absent = || json!({"var": "nowhere"});
        let items = || json!({"var": "custom.items"});
        let object = || json!({"var": "custom.object"});
        for (one, two, loose, strict) in [
            (absent(), json!(false), false, false),
            (absent(), json!(0), false, false),
            (absent(), json!(""), false, false),
            (absent(), json!(null), true, true),
            (json!(true), json!("true"), false, false),
            (json!(true), json!("1"), true, false),
            (json!(false), json!(""), true, false),
            (json!(false), json!(0), true, false),
            (json!(1), json!("1"), true, false),
            (json!(1), json!(" 1.0 "), true, false),
            (json!(16), json!("0x10"), true, false),
            (json!(1), json!("one"), false, false),
            (json!(0), json!(""), true, false),
            (json!(1), json!(1.0), true, true),
            (items(), json!("x"), false, false),
            (items(), json!("1,2,3"), true, false),
            (json!([7]), json!(7), true, false),
            (json!([]), json!(false), true, false),
            (items(), items(), true, true),
            (items(), json!([1, 2, 3]), false, false),
            (object(), json!("[object Object]"), true, false),
            (object(), object(), true, true),
        ] {
            check([
                (json!({"==": [one, two]}), json!(loose)),
                (json!({"==": [two, one]}), json!(loose)),
                (json!({"!=": [one, two]}), json!(!loose)),
                (json!({"===": [one, two]}), json!(strict)),
                (json!({"!==": [two, one]}), json!(!strict)),
            ]);
        }
        check([
            (json!({"==": [1]}), json!(false)),
            (json!({"==": [null]}), json!(true)),
            (json!({"===": [null]}), json!(false)),
            (json!({"==": [1, 1, 2]}), json!(true)),
        ]);
    }

    #[test]
    fn order_is_that_of_javascript() {
        let items = json!({"var": "custom.items"});
        check([
            (json!({">": [{"var": "nowhere"}, -1]}), json!(true)),
            (json!({">": [{"var": "custom.text"}, 1]}), json!(false)),
            (json!({"<": [{"var": "custom.text"}, 1]}), json!(false)),
            (json!({">": ["10", 9]}), json!(true)),
            (json!({">": ["10", "9"]}), json!(false)),
            (json!({">": [items, 0]}), json!(false)),
            (json!({">": [items, "0"]}), json!(true)),
            (json!({">=": [[2], 2]}), json!(true)),
            (json!({">": [3, 2, 5]}), json!(true)),
            (json!({"<": [1, 2, 2]}), json!(false)),
            (json!({"<=": [1, "2", 2]}), json!(true)),
            (json!({"<": [1]}), json!(false)),
            (json!({"<": [true, 2]}), json!(true)),
        ]);
    }

    #[test]
    fn numbers_and_texts_are_made_of_other_values_as_in_javascript() {
        check([
            (json!({"in": [3, "12345"]}), json!(true)),
            (json!({"in": ["3", [1, 2, 3]]}), json!(false)),
            (json!({"in": ["", "abc"]}), json!(true)),
            (json!({"in": ["", ""]}), json!(false)),
            (json!({"in": ["a", {"var": "nowhere"}]}), json!(false)),
            (json!({"in": ["a"]}), json!(false)),
            (json!({"max": ["3", 2]}), json!(3)),
            (json!({"min": [null, true, "7"]}), json!(0)),
            (json!({"==": [{"max": ["x", 2]}, 2]}), json!(false)),
            (json!({"+": ["3.5kg", "1"]}), json!(4.5)),
            (json!({"+": "7"}), json!(7)),
            (json!({"==": [{"+": [null, 1]}, 1]}), json!(false)),
            (json!({"*": ["2", 3]}), json!(6)),
            (json!({"-": ["7", null]}), json!(7)),
            (json!({"-": "7"}), json!(-7)),
            (json!({">": [{"/": [1, 0]}, 1e300]}), json!(true)),
            (json!({"%": [5, "3"]}), json!(2)),
            (json!({"!": [{"+": ["x"]}]}), json!(true)),
            (
                json!({"cat": ["a", 1.0, null, true, [1, [null, 2]]]}),
                json!("a1true1,,2"),
            ),
            (
                json!({"cat": [1e21, " ", 1e-7, " ", 0.1, " ", -0.0]}),
                json!("1e+21 1e-7 0.1 0"),
            ),
            (json!({"substr": ["jsonlogic", -5]}), json!("logic")),
            (json!({"substr": ["jsonlogic", 1, -5]}), json!("son")),
            (json!({"substr": ["jsonlogic", 4, 2]}), json!("lo")),
            (json!({"substr": [12345, 1, "2"]}), json!("23")),
            (json!({"substr": ["abc", 9]}), json!("")),
        ]);
    }

    #[test]
    fn only_arrays_have_elements() {
        let object = json!({"var": "custom.object"});
        let sum = json!({"+": [{"var": "current"}, {"var": "accumulator"}]});
        check([
            (json!({"map": [object, 1]}), json!([])),
            (json!({"filter": ["text", true]}), json!([])),
            (json!({"all": [{"var": "nowhere"}, true]}), json!(false)),
            (json!({"some": [7, true]}), json!(false)),
            (json!({"none": [object, true]}), json!(true)),
            (json!({"reduce": [object, sum, 4]}), json!(4)),
            (
                json!({"reduce": [{"var": "custom.items"}, sum, 4]}),
                json!(10),
            ),
            (
                json!({"map": [{"var": "custom.items"}, {"*": [{"var": ""}, 2]}]}),
                json!([2, 4, 6]),
            ),
            (
                json!({"map": [[1, 2], {"-": {"var": ""}}]}),
                json!([-1, -2]),
            ),
            (
                json!({"filter": [{"var": "items"}, {"in": [{"var": ""}, "xb"]}]}),
                json!(["b"]),
            ),
        ]);
    }

    #[test]
    fn an_operator_that_there_is_not_is_named_wherever_it_stands() {
        for unknown in [
            json!({"and": [false, {"length": "a"}]}),
            json!({"if": [true, 1, {"length": "a"}]}),
            json!({"map": [[], {"length": {"var": ""}}]}),
        ] {
            assert!(
                translated(&unknown)
                    .unwrap_err()
                    .starts_with("`length` is no operator")
            );
        }
        assert!(translated(&json!({"js ==": [1, 1]})).is_err());
    }
}
