//! What is said about a run, and in which forms.

mod example;
mod findings;
mod forms;
