//! Custom data points, one at a time. Knows no rule.

use serde_json::{Map, Value};

use super::Fault;
use super::resource::Resource;
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::data_point::{DataPoint, DataType, ModelType};

impl Authsignal {
    /// The custom data points by name, as the vendor names their members.
    pub fn custom_data_points(&self) -> Vec<Map<String, Value>> {
        let points = self.configuration.data_points.iter();
        points.map(|(name, point)| members(name, point)).collect()
    }

    /// A custom data point, as the vendor names its members.
    ///
    /// # Errors
    /// There is none.
    pub fn custom_data_point(&self, id: &str) -> Result<Map<String, Value>, Fault> {
        self.point(id).map(|(name, point)| members(name, point))
    }

    /// Creates a custom data point. Returns its id.
    ///
    /// # Errors
    /// There is one of this name, or there are too many. Nothing changes then.
    pub fn create_data_point(
        &mut self,
        turn: &mut Turn<'_>,
        given: Map<String, Value>,
    ) -> Result<String, Fault> {
        let given = Resource::new(given);
        let name = super::name(&given)?;
        if self.configuration.data_points.get(name).is_some() {
            let why = format!("A custom data point {name} already exists.");
            return Err(Fault::Exists(why));
        }
        let id = turn.ids.uuid();
        self.put_data_point(id.clone(), &given)?;
        Ok(id)
    }

    /// Puts a custom data point with its id, in the place of one of its name.
    ///
    /// # Errors
    /// A member is wrong, or there are too many. Nothing changes then.
    pub(super) fn put_data_point(&mut self, id: String, given: &Resource) -> Result<(), Fault> {
        let name = super::name(given)?;
        let mut types = DataType::ALL.into_iter();
        let data_type = types.find(|one| Some(one.word()) == given.text("dataType"));
        let mut models = ModelType::ALL.into_iter();
        let model_type = models.find(|one| Some(one.word()) == given.text("modelType"));
        let point = DataPoint {
            id,
            description: given.text("description").map(str::to_owned),
            // The schema lets no other words through.
            data_type: data_type.unwrap_or_default(),
            model_type: model_type.unwrap_or_default(),
            is_public: given.get("isPublic").and_then(Value::as_bool),
        };
        let points = &mut self.configuration.data_points;
        // An id belongs to one data point, whatever its name was.
        let former = points
            .iter()
            .find(|(other, former)| *other != name && former.id == point.id)
            .map(|(former, _)| former.to_owned());
        if let Some(former) = former {
            points.remove(&former);
        }
        points.put(name.to_owned(), point).map_err(Fault::Invalid)
    }

    /// Changes what a custom data point is for, and who sees it.
    ///
    /// # Errors
    /// There is none.
    pub fn update_data_point(
        &mut self,
        id: &str,
        changes: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let (name, point) = self.point(id)?;
        let (name, mut point) = (name.to_owned(), point.clone());
        if let Some(description) = changes.get("description") {
            point.description = description.as_str().map(str::to_owned);
        }
        if let Some(is_public) = changes.get("isPublic") {
            point.is_public = is_public.as_bool();
        }
        let points = &mut self.configuration.data_points;
        points.put(name, point).map_err(Fault::Invalid)
    }

    /// Deletes a custom data point.
    ///
    /// # Errors
    /// There is none.
    pub fn delete_data_point(&mut self, id: &str) -> Result<(), Fault> {
        let name = self.point(id)?.0.to_owned();
        self.configuration.data_points.remove(&name);
        Ok(())
    }

    fn point(&self, id: &str) -> Result<(&str, &DataPoint), Fault> {
        let mut points = self.configuration.data_points.iter();
        let found = points.find(|(_, point)| point.id == id);
        found.ok_or_else(|| Fault::NotFound(format!("there is no custom data point {id}")))
    }
}

fn members(name: &str, point: &DataPoint) -> Map<String, Value> {
    let mut members = Resource::default();
    members.set("id", point.id.as_str());
    members.set("name", name);
    members.set("dataType", point.data_type.word());
    members.set("modelType", point.model_type.word());
    if let Some(description) = &point.description {
        members.set("description", description.as_str());
    }
    if let Some(is_public) = point.is_public {
        members.set("isPublic", is_public);
    }
    members.into_members()
}
