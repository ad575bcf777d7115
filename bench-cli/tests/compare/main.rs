//! Verdicts: their rates on records of known truth, their forms, and the command.

mod command;
mod draw;
#[path = "../report/example.rs"]
mod example;
mod forms;
mod judge;
mod pairing;
mod rates;
