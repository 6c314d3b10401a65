//! What a body must have at a JSONPath. Knows no request.

use jsonpath_rust::parser::model::{
    Comparable, Filter, FilterAtom, JpQuery, Literal, Segment, Selector,
};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use super::matching::{Halt, Work};
use super::seen::{Body, EXACT_FLOATS, blur, blurred, same, shown};
use super::text_pattern::Like;
use crate::bounds::JSON_PATH;
use crate::generated::mock_control::types as wire;

/// What a body has at a path.
pub(super) struct Path {
    pub(super) text: String,
    query: JpQuery,
    /// How many parts of it can visit all values of a body; 0 if each part names one member.
    wide: usize,
    equals: Option<Value>,
    like: Like,
    pub(super) exists: bool,
}

/// Steps that count for each value on a path: as many bytes could be compared in the same time.
const VALUE: usize = 32;

/// Values at a path that are shown.
const SHOWN: usize = 3;

impl Path {
    pub(super) fn of(path: wire::PathPattern) -> Result<Self, String> {
        let text = String::from(path.path);
        let plain = outside_quotes(&text);
        modest(&text, &plain)?;
        let query = parse_json_path(&text).map_err(|_| {
            "is not a JSONPath of RFC 9535, such as $.custom.amount. A comparison in a filter takes \
             paths to one value only, without `..`, `*` and slices, and an index or a number has at most 15 digits"
                .to_owned()
        })?;
        if let Some(number) = query.segments.iter().find_map(blurred_literal) {
            return Err(format!(
                "has the number {number} in its filter, which tells only numbers below {EXACT_FLOATS} apart; use `equals` \
                 beside the path"
            ));
        }
        if let Some(number) = path.equals.as_ref().and_then(|equals| blurred(&equals.0)) {
            return Err(blur(number));
        }
        let parts = plain.matches(['.', '[']).count();
        let wide = plain.contains("..") || plain.contains(['*', '?', ':']);
        Ok(Self {
            text,
            query,
            wide: if wide { parts } else { 0 },
            equals: path.equals.map(|value| value.0),
            like: Like::of(path.contains, path.matches.as_deref())?,
            exists: path.exists.unwrap_or(true),
        })
    }

    /// Whether a value has it; if not, 1 for something else there. `body` is the body that the value is.
    pub(super) fn fits(
        &self,
        value: &Value,
        body: &Body,
        work: &Work,
    ) -> Result<(bool, usize), Halt> {
        let mut found = 0;
        let fits = self.look(value, body, work, |_, _| found = 1)?;
        Ok((fits, found))
    }

    /// What a value has there instead; nothing if it fits.
    pub(super) fn miss(
        &self,
        value: &Value,
        body: &Body,
        work: &Work,
    ) -> Result<Option<String>, Halt> {
        let mut found = Vec::new();
        let show = |path: &str, value: &Value| {
            if found.len() < SHOWN {
                found.push(shown(path, value));
            }
        };
        if self.look(value, body, work, show)? {
            return Ok(None);
        }
        found.truncate(if self.exists { SHOWN } else { 1 });
        Ok(Some(match found.is_empty() {
            true => "nothing".to_owned(),
            false => found.join(", "),
        }))
    }

    /// Whether a value has it, and a look at each value there.
    fn look(
        &self,
        value: &Value,
        body: &Body,
        work: &Work,
        mut look: impl FnMut(&str, &Value),
    ) -> Result<bool, Halt> {
        let walked = if self.wide == 0 { 1 } else { body.values() };
        work.step(VALUE * walked * self.wide.max(1))?;
        let nodes = js_path_process(&self.query, value).unwrap_or_default();
        for node in &nodes {
            look(&node.path, node.val);
            let equals = self.equals.as_ref();
            let fits = equals.is_none_or(|equals| same(equals, node.val))
                && self.like.fits_value(node.val, work)?;
            if fits && self.exists {
                return Ok(true);
            }
        }
        Ok(!self.exists && nodes.is_empty())
    }

    pub(super) fn wanted(&self) -> String {
        if !self.exists {
            return "nothing".to_owned();
        }
        let equals = self.equals.as_ref().map(Value::to_string);
        self.like.wanted(equals)
    }
}

/// The first number in the filters of a part that stands for its neighbours, too: the crate compares floats.
fn blurred_literal(part: &Segment) -> Option<f64> {
    match part {
        Segment::Descendant(part) => blurred_literal(part),
        Segment::Selector(selector) => blurred_in_selector(selector),
        Segment::Selectors(selectors) => selectors.iter().find_map(blurred_in_selector),
    }
}

fn blurred_in_selector(selector: &Selector) -> Option<f64> {
    match selector {
        Selector::Filter(filter) => blurred_in_filter(filter),
        _ => None,
    }
}

fn blurred_in_filter(filter: &Filter) -> Option<f64> {
    match filter {
        Filter::Or(filters) | Filter::And(filters) => filters.iter().find_map(blurred_in_filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => blurred_in_filter(expr),
        // `modest` lets through one filter, so there is none in the path of a test.
        Filter::Atom(FilterAtom::Test { .. }) => None,
        Filter::Atom(FilterAtom::Comparison(comparison)) => {
            let (left, right) = comparison.vals();
            [left, right].into_iter().find_map(|side| match side {
                Comparable::Literal(Literal::Int(number)) => blurred_float(*number as f64),
                Comparable::Literal(Literal::Float(number)) => blurred_float(*number),
                _ => None,
            })
        }
    }
}

fn blurred_float(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.abs() >= EXACT_FLOATS)
}

/// The parts of a path outside quotes, without spaces.
fn outside_quotes(path: &str) -> String {
    let (mut plain, mut quote, mut escaped) = (String::new(), None, false);
    for character in path.chars() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if !character.is_whitespace() => plain.push(character),
            None => {}
        }
    }
    plain
}

/// Refuses paths that can take more steps than a body has values: the steps of two `..` multiply, and so do those of lists
/// of selectors. Also, the crate compiles the expression of `match` and `search` again for each value.
fn modest(path: &str, plain: &str) -> Result<(), String> {
    if path.len() > JSON_PATH {
        return Err(format!(
            "is too long: {} bytes; it must have at most {JSON_PATH}",
            path.len()
        ));
    }
    for (part, most, instead) in [
        ("match(", 0, "no `match`; use `matches` beside the path"),
        ("search(", 0, "no `search`; use `matches` beside the path"),
        ("..", 1, "one `..`"),
        ("?", 1, "one filter"),
        ("$", 1, "one `$`"),
        (",", 0, "no list of selectors; give each path on its own"),
    ] {
        if plain.matches(part).count() > most {
            return Err(format!("may have {instead}"));
        }
    }
    Ok(())
}
