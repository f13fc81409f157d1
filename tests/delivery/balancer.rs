//! HAProxy and nginx as TCP balancers.

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{PATIENCE, support};

pub(crate) struct Balancer(Child);

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn haproxy(directory: &Path, port: u16, backend: u16) -> Balancer {
    let file = directory.join("haproxy.cfg");
    let text = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 1m\n timeout server 1m\n\
         frontend in\n bind 127.0.0.1:{port}\n default_backend out\n\
         backend out\n server rsyslog 127.0.0.1:{backend}\n"
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("haproxy").arg("-db").arg("-f").arg(file), port)
}

pub(crate) fn nginx(directory: &Path, port: u16, backend: u16) -> Balancer {
    let file = directory.join("nginx.conf");
    let module = "/usr/lib/nginx/modules/ngx_stream_module.so";
    let text = format!(
        "load_module {module};\ndaemon off;\nmaster_process off;\npid {0}/pid;\n\
         error_log {0}/error.log;\nevents {{}}\nstream {{ server {{ \
         listen 127.0.0.1:{port}; proxy_pass 127.0.0.1:{backend}; }} }}\n",
        directory.display()
    );
    std::fs::write(&file, text).unwrap();
    started(Command::new("nginx").arg("-p").arg(directory).arg("-c").arg(file), port)
}

fn started(command: &mut Command, port: u16) -> Balancer {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let child = command.env("PATH", path).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let balancer = Balancer(child.expect("it is installed: see tests/setup"));
    let begin = Instant::now();
    while !support::tcp_listens(port) {
        assert!(begin.elapsed() < PATIENCE, "the balancer does not come up");
        thread::sleep(Duration::from_millis(20));
    }
    balancer
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
