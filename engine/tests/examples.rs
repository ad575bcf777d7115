//! The examples do what they say.

#[path = "../examples/server.rs"]
mod server;

#[test]
fn the_server_serves() {
    server::main().unwrap();
}
