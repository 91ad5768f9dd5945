use std::{fs, path::Path};

use halyard_automation::apps::Files;

/// The files below a folder.
pub(crate) fn read(folder: &Path) -> Files {
    let mut found = Vec::new();
    collect(folder, "", &mut found);
    found.into_iter().collect()
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((name, fs::read(entry.path()).unwrap()));
        }
    }
}
