//! `logship index`, as it is shipped, beside a central.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// Killed with the value: it has nothing to end in order.
pub(crate) struct Poster(Child);

impl Poster {
    /// Posts the spool of a central, with these variables and further options.
    pub(crate) fn start(
        directory: &Path,
        environment: &[(&'static str, String)],
        options: &[&str],
    ) -> Poster {
        let console = File::options().append(true).create(true).open(directory.join("poster"));
        let console = console.expect("the directory can be written");
        let child = Command::new(logship())
            .args(["index", "--keep-free", "1M", "--spool"])
            .arg(directory.join("spool/records"))
            .args(options)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(console)
            .spawn();
        Poster(child.expect("it has just been built"))
    }
}

impl Drop for Poster {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program, built beside this test: a test of one package builds no program of another.
pub(crate) fn logship() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        // From target/PROFILE/deps, where tests are.
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "logship-cli", "--target-dir"]);
        cargo.arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "logship-cli can't be built");
        profile.join("logship")
    };
    BUILT.get_or_init(build).clone()
}
