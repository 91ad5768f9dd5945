"""Each check must be able to fail: these tests plant what it looks for.

    python3 -m unittest discover --start-directory scripts/checks
"""

import pathlib
import tempfile
import unittest

import audit
import snapshots
import text

REGISTRY = "https://github.com/rust-lang/crates.io-index"


def package(name="a", version="1.0.0", licence="MIT", source=audit.CRATES_IO):
    return {"name": name, "version": version, "license": licence, "source": source}


class Licences(unittest.TestCase):
    def check(self, expression, expected):
        allowed = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Zlib"}
        self.assertEqual(audit.satisfied(expression, allowed), expected, expression)

    def test_expressions(self):
        self.check("MIT", True)
        self.check("GPL-3.0", False)
        self.check("GPL-3.0 OR MIT", True)
        self.check("GPL-3.0/MIT", True)
        self.check("GPL-3.0 AND MIT", False)
        self.check("MIT OR GPL-3.0 AND LGPL-2.1", True)
        self.check("(MIT OR GPL-3.0) AND LGPL-2.1", False)
        self.check("(MIT OR GPL-3.0) AND (Zlib OR LGPL-2.1)", True)
        self.check("Apache-2.0 WITH LLVM-exception", True)
        self.check("MIT WITH LLVM-exception", False)

    def test_nonsense_is_an_error(self):
        for expression in ["", "MIT AND", "(MIT", "MIT MIT", "OR MIT", "MIT)"]:
            with self.assertRaises(ValueError, msg=expression):
                audit.satisfied(expression, {"MIT"})


class Versions(unittest.TestCase):
    def check(self, version, text_of_range, expected):
        self.assertEqual(audit.in_range(version, text_of_range), expected, (version, text_of_range))

    def test_ranges(self):
        self.check("1.2.3", "<1.2.4", True)
        self.check("1.10.0", "<1.9.0", False)
        self.check("1.2.3", ">=1.2.3, <1.3", True)
        self.check("1.3.0", ">=1.2.3, <1.3", False)
        self.check("1.3.0", "=1.3", True)
        self.check("1.0.0-alpha.2", "<1.0.0-alpha.10", True)
        self.check("1.0.0-alpha", "<1.0.0", True)
        self.check("0.11.1+wasi-snapshot-preview1", "<=0.11.1", True)

    def test_nonsense_is_an_error(self):
        for text_of_range in ["1.2", "~1.2", "<x"]:
            with self.assertRaises(ValueError, msg=text_of_range):
                audit.in_range("1.0.0", text_of_range)


class Audit(unittest.TestCase):
    POLICY = {
        "licences": {"allow": ["MIT"]},
        "forbidden": [{"crate": "bad", "reason": "r"}],
        "duplicate": [],
    }
    ADVISORIES = {"advisory": [{"id": "X-1", "crate": "a", "affected": ["<1.1"], "about": "b"}]}

    def kinds(self, packages, policy=None):
        found = audit.findings(packages, policy or self.POLICY, self.ADVISORIES)
        return [line.split(":")[0] for line in found]

    def test_nothing_wrong(self):
        self.assertEqual(self.kinds([package(version="1.1.0"), package(name="own", source=None)]), [])

    def test_each_kind_of_finding(self):
        self.assertEqual(self.kinds([package(name="b", licence="GPL-3.0")]), ["licence"])
        self.assertEqual(self.kinds([package(name="b", licence=None)]), ["licence"])
        self.assertEqual(self.kinds([package(name="b", source="git+https://x.invalid")]), ["source"])
        self.assertEqual(self.kinds([package(name="bad")]), ["forbidden"])
        self.assertEqual(self.kinds([package(version="1.0.9")]), ["advisory"])

    def test_duplicates_are_named_or_reported_and_the_list_is_kept_true(self):
        two = [package(name="b"), package(name="b", version="2.0.0")]
        named = {**self.POLICY, "duplicate": [{"crates": ["b"], "reason": "r"}]}
        self.assertEqual(self.kinds(two), ["duplicate"])
        self.assertEqual(self.kinds(two, named), [])
        self.assertEqual(self.kinds(two[:1], named), ["duplicate"])


class Text(unittest.TestCase):
    def check(self, path, content, count):
        self.assertEqual(len(text.findings(path, content)), count, text.findings(path, content))

    def test_lock_files(self):
        self.check("Cargo.lock", f'source = "registry+{REGISTRY}"\n', 0)
        self.check("Cargo.lock", 'source = "registry+https://mirror.invalid/index"\n', 1)
        self.check("web/package-lock.json", '"resolved": "https://registry.npmjs.org/a.tgz"', 0)
        self.check("web/package-lock.json", '"resolved": "http://mirror.invalid/a.tgz"', 1)

    def test_registry_settings(self):
        self.check(".cargo/config.toml", '[source.crates-io]\nreplace-with = "m"\n', 2)
        self.check("web/.npmrc", "registry=http://mirror.invalid\n", 1)
        self.check("docs/a.md", "registry = https://x.invalid", 0)

    def test_machine_paths(self):
        # Put together here, so that the check does not object to this file.
        for directory in ["home", "root", "tmp", "Users", "work"]:
            self.check("a.md", f"see /{directory}/someone/x", 1)
        # Beginnings of paths, and directories of these names elsewhere, are no path of a machine.
        root, tmp, work = "root", "tmp", "work"
        near = f'mktemp "${{TMPDIR:-/{tmp}}}/x" "$HOME/{root}/x" ./{tmp}/x a/{work}/b /{tmp}'
        self.check("a.sh", near, 0)

    def test_secrets(self):
        self.check("a.pem", "-----BEGIN RSA " + "PRIVATE KEY-----\n", 1)
        self.check("a.env", "AKIA" + "A1B2C3D4E5F6G7H8", 1)
        self.check("a.env", "ghp_" + "a1B2" * 9, 1)
        self.check("a.env", "token = 'none'", 0)

    def test_the_line_is_named(self):
        self.assertTrue(text.findings("a", "1\n2 AKIA" + "A1B2C3D4E5F6G7H8")[0].startswith("a:2:"))


class Snapshots(unittest.TestCase):
    def test_leftovers(self):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name in ["used.snap", "unused.snap", "used.snap.new", "target/built.snap"]:
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_text("")
            count, found = snapshots.leftovers(root, [root / "used.snap"])
            self.assertEqual(count, 2)
            self.assertEqual([line.split(":")[0] for line in found], ["unused.snap", "used.snap.new"])


if __name__ == "__main__":
    unittest.main()
