//! The rooms of the `smbsign` command, as a library so that integration tests and fuzz targets reach them.

pub mod ab;
pub mod audit;
pub mod capture;
pub mod cli;
pub mod command;
pub mod exit;
pub mod fit;
pub mod interruption;
pub mod inventory;
pub mod measure;
pub mod output;
pub mod progress;
pub mod record;
pub mod regression;
pub mod report;
pub mod schema;
