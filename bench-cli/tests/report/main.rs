//! What is said about a run, and in which forms.

mod benchfmt;
mod binary;
mod example;
mod exports;
mod findings;
mod forms;
mod hostile;
