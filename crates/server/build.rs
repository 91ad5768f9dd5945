//! The apps in the repository are part of the binary; a file that comes or goes makes a new one.

fn main() {
    println!("cargo::rerun-if-changed=../../apps");
}
