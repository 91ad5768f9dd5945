//! The directions of the house, checked: which crate may use which, what a core may know, and what
//! a facade must not contain.
//!
//! A new edge is a decision. Whoever needs one changes [`rules::EDGES`] in the same change that
//! needs it, and says why in `docs/decisions/`.

mod check;
mod planted;
mod rules;
mod scan;
mod tree;

use tree::Tree;

#[test]
fn the_workspace_has_no_forbidden_edge() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tree = Tree::of_directory(&root);
    assert!(
        tree.text("crates/server/src/main.rs").is_some(),
        "the workspace was not found at {}",
        root.display()
    );

    let found = check::violations(&tree);

    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
