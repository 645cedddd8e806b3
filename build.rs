//! Embedded migrations and files are read by macros, which do not notice a new file by themselves.
fn main() {
    for folder in ["migrations", "static", "templates"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
