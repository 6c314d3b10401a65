//! The theme of the hosted pages. Knows no page.

use serde_json::{Map, Value};

use super::Fault;
use crate::bounds::THEME;
use crate::domain::authsignal::Authsignal;

const NAME: &str = "name";
const DARK: &str = "darkMode";

impl Authsignal {
    /// The theme as an answer shows it: with a name and `darkMode`, which the vendor's has where almost nothing is set.
    pub fn shown_theme(&self) -> Map<String, Value> {
        let mut members = self.theme();
        members
            .entry(NAME)
            .or_insert_with(|| self.configuration.tenant.name().into());
        members
            .entry(DARK)
            .or_insert_with(|| Value::Object(Map::new()));
        members
    }

    /// What is set of the theme, as the vendor names its members.
    pub fn theme(&self) -> Map<String, Value> {
        self.configuration.theme.members().clone()
    }

    /// Changes the theme, at any depth.
    ///
    /// # Errors
    /// A weight of a font is wrong, or the theme becomes too large. Nothing changes then.
    pub fn update_theme(&mut self, mut changes: Map<String, Value>) -> Result<(), Fault> {
        if let Some(typography) = changes.get_mut("typography") {
            read_weights(typography)?;
        }
        let mut theme = self.configuration.theme.clone();
        theme.change_deeply(changes);
        if theme.bytes() > THEME {
            let why = format!("the theme would take more than {THEME} bytes");
            return Err(Fault::Invalid(why));
        }
        self.configuration.theme = theme;
        Ok(())
    }
}

/// Makes numbers of the weights of fonts that are written as texts, as the vendor answers them. A range stays a text.
fn read_weights(typography: &mut Value) -> Result<(), Fault> {
    let fonts = typography.as_object_mut().into_iter().flatten();
    for (font, value) in fonts {
        let faces = value.get_mut("faces").and_then(Value::as_array_mut);
        for (at, face) in faces.into_iter().flatten().enumerate() {
            let Some(weight) = face.get_mut("weight") else {
                continue;
            };
            if weight.is_null() {
                continue;
            }
            *weight = weight_of(weight).map_err(|why| {
                Fault::Invalid(format!("body /typography/{font}/faces/{at}/weight: {why}"))
            })?;
        }
    }
    Ok(())
}

fn weight_of(given: &Value) -> Result<Value, &'static str> {
    let number = |text: &str| text.parse::<u16>().ok().filter(is_weight);
    let why =
        "must be a weight from 1 to 1000, such as 400, or a range that ascends, such as 100 900";
    let Some(text) = given.as_str() else {
        let weight = given.as_u64().and_then(|weight| u16::try_from(weight).ok());
        return weight.filter(is_weight).map(Value::from).ok_or(why);
    };
    match text.split_once(' ') {
        None => number(text).map(Value::from).ok_or(why),
        Some((low, high)) => match (number(low), number(high)) {
            (Some(low), Some(high)) if low < high => Ok(Value::from(text)),
            _ => Err(why),
        },
    }
}

/// Whether a font can have this weight, by CSS.
fn is_weight(weight: &u16) -> bool {
    (1..=1000).contains(weight)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::weight_of;

    #[test]
    fn a_single_weight_is_a_number_and_a_range_ascends() {
        for single in [json!("400"), json!(400)] {
            assert_eq!(weight_of(&single), Ok(json!(400)));
        }
        assert_eq!(weight_of(&json!("100 900")), Ok(json!("100 900")));
        for wrong in ["", "bold", "900 100", "100 100", "100 200 300", "0", "1001"] {
            assert!(weight_of(&json!(wrong)).is_err(), "{wrong}");
        }
        for wrong in [json!(0), json!(-1), json!(1001), json!(1.5)] {
            assert!(weight_of(&wrong).is_err(), "{wrong}");
        }
    }
}
