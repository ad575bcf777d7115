//! The JSON Schema of every form that is kept or handed on, made from the types that write it.
//!
//! They stand in `schema/` for those who read the forms elsewhere. `cargo run -p smbsign --example schemas` writes them
//! anew after a change; a test fails while the two differ.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::audit::Audit;
use crate::command::policy::ExplainReport;
use crate::record::{self, Run};
use crate::regression::{Comparison, Floor};

/// A form and what describes it.
#[derive(Debug)]
pub struct Published {
    /// The form's name, as it stands in `schema`: `smbsign.run/1`.
    pub form: &'static str,
    /// What a text of this form is.
    pub schema: Schema,
}

/// Every published form. A new one gets its line here.
#[must_use]
pub fn published() -> Vec<Published> {
    vec![
        form::<Run>(record::SCHEMA),
        form::<Comparison>(Comparison::SCHEMA),
        form::<Floor>(Floor::SCHEMA),
        form::<ExplainReport>(ExplainReport::SCHEMA),
        form::<Audit>(Audit::SCHEMA),
    ]
}

impl Published {
    /// The name of its file: `smbsign.run-1.json`.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.json", self.form.replace('/', "-"))
    }
}

/// What we write is described, not what we would read: a key whose value may be null is there all the same.
fn form<T: JsonSchema>(form: &'static str) -> Published {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    Published { form, schema: generator.into_root_schema_for::<T>() }
}
