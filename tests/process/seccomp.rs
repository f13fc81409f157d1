//! What Docker's default profile for seccomp leaves of the kernel.

use std::{io, os::unix::process::CommandExt as _, process::Command};

use logship_collector::Collector;
use tempfile::TempDir;
use tracing::info;

use crate::{
    PATIENCE,
    certificates::Certificates,
    good, init,
    scenarios::{run, scenario},
};

#[test]
fn program_in_a_container_with_dockers_system_calls_ships() {
    let certificates = Certificates::new();
    let (tcp, udp) = (Collector::tcp().unwrap(), Collector::udp().unwrap());
    let tls = Collector::tls(good(&certificates)).unwrap();
    let tls_by = |backend| {
        format!("{}?ca_file={}&tls_backend={backend}", tls.url(), certificates.ca().display())
    };
    for (collector, url) in [
        (&tcp, tcp.url()),
        (&udp, udp.url()),
        (&tls, tls_by("native-tls")),
        (&tls, tls_by("rustls")),
    ] {
        collector.take();
        let directory = TempDir::new().unwrap();
        let queue = directory.path().join("queue");
        let mut inside = scenario("Docker's system calls");
        inside.env("SYSLOG_SERVERS", &url);
        inside.env("SYSLOG_QUEUE_FILE", &queue).env("SYSLOG_QUEUE_SYNC_INTERVAL", "0.02");
        let ended = run(restrict(&mut inside));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{url}: {ended:?}");
        let records = collector.wait_for(2, PATIENCE);
        let texts: Vec<_> = records.iter().map(|record| record.text()).collect();
        assert_eq!(texts, [Some("one"), Some("two")], "{url}: {ended:?}");
        assert!(queue.is_file(), "{url}: {ended:?}");
    }
}

pub(crate) fn with_dockers_system_calls() {
    for (call, error) in [
        (libc::SYS_unshare, libc::EPERM),
        (libc::SYS_io_uring_setup, libc::EPERM),
        (libc::SYS_clone3, libc::ENOSYS),
    ] {
        // SAFETY: none of them does anything with these arguments.
        let answer = unsafe { libc::syscall(call, 0, 0, 0, 0, 0, 0) };
        let why = io::Error::last_os_error().raw_os_error();
        assert_eq!((answer, why), (-1, Some(error)), "{call}");
    }
    let guard = init();
    info!("one");
    assert!(guard.flush(PATIENCE), "{:?}", guard.stats());
    // The end of the process delivers it.
    info!("two");
    std::mem::forget(guard);
}

/// Refuses the program, from its first instruction on, what Docker refuses.
fn restrict(command: &mut Command) -> &mut Command {
    // The code is `u16` and a call's number `u32` in a filter.
    let instruction = |code: u32, jf, k| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let (load, jump) = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, libc::BPF_JMP | libc::BPF_JEQ);
    let number = std::mem::offset_of!(libc::seccomp_data, nr) as u32;
    let mut filter = vec![instruction(load, 0, number)];
    for &call in REFUSED {
        // A C library that gets this answer starts threads as before there was such a call.
        let error = if call == libc::SYS_clone3 { libc::ENOSYS } else { libc::EPERM };
        filter.push(instruction(jump, 1, call as u32));
        filter.push(instruction(libc::BPF_RET, 0, libc::SECCOMP_RET_ERRNO | error as u32));
    }
    filter.push(instruction(libc::BPF_RET, 0, libc::SECCOMP_RET_ALLOW));
    // SAFETY: between fork and exec there are two system calls, which read what was made before.
    unsafe {
        command.pre_exec(move || {
            let program =
                libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
            if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
                    != 0
            {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        })
    }
}

/// The calls of a current kernel that the profile does not list for a container without further
/// rights, and three that it refuses on old kernels. What it says of arguments is left out: nothing
/// here makes a namespace or a socket of AF_ALG or AF_VSOCK.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_settime,
    libc::SYS_clone3,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_get_mempolicy,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_set_mempolicy,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];
