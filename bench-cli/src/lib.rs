//! The rooms of the `smbsign` command, as a library so that integration tests and fuzz targets reach them.

pub mod capture;
