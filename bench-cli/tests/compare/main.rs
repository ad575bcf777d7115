//! Verdicts: their rates on records of known truth, what is compared with what, their forms, and the command.

mod command;
mod draw;
#[path = "../report/example.rs"]
mod example;
mod forms;
mod properties;
mod rates;
mod records;
mod rounds;
