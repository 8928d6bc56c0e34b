//! minivmm in Rust: the same monitor in miniature, over kvmload's C interface and the standard library alone.
//!
//!     rustc -O minivmm.rs -L DIR -l static=kvmload
//!
//! The structs and constants below are copied from kvmload.h and linux/kvm.h.

use std::ffi::{c_char, c_int, c_ulong, c_void, CStr};
use std::{fs, io, process, ptr};

mod kvmload {
    use super::*;

    /// A checked plan; the private fields are kvmload's own.
    #[repr(C)]
    pub struct Plan {
        pub architecture: u32,
        pub steps: u32,
        pub files: u32,
        pub parameters: u32,
        pub vcpu_count: u32,
        pub vcpu_slots: u32,
        pub device_slots: u32,
        pub mapping_slots: u32,
        pub scratch_size: u32,
        pub name: *const c_char,
        pub manifest: *const c_char,
        bytes: *const u8,
        sections: [u32; 11],
        size: u32,
        big_endian: u32,
        labels: u32,
    }

    #[repr(C)]
    pub struct Step {
        pub operation: u32,
        pub target: u32,
        pub slot: u32,
        pub number: u32,
        pub flags: u32,
        pub data: u32,
        pub value: u64,
        pub size: u64,
        pub payload: *const c_void,
        pub payload_size: u32,
        pub argument_devices: u32,
    }

    #[repr(C)]
    pub struct Label {
        pub target: *const c_char,
        pub attribute: *const c_char,
        pub value: *const c_char,
        pub file: *const c_char,
        pub line: u32,
        pub column: u32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Vcpu {
        pub fd: c_int,
        pub callers: u32,
        pub run: *mut c_void,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Mapping {
        pub start: *mut c_void,
        pub size: usize,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Value {
        pub value: u64,
        pub is_set: u32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct Outcome {
        pub answer: i32,
        pub verdict: u32,
    }

    #[repr(C)]
    pub struct Session {
        pub vcpus: *mut Vcpu,
        pub devices: *mut c_int,
        pub mappings: *mut Mapping,
        pub files: *mut c_int,
        pub parameters: *mut Value,
        pub outcomes: *mut Outcome,
        pub scratch: *mut u8,
        pub scratch_size: usize,
        pub vcpu_slots: u32,
        pub device_slots: u32,
        pub mapping_slots: u32,
        pub file_slots: u32,
        pub parameter_slots: u32,
        pub outcome_slots: u32,
        pub own: u32,
        pub before: Option<unsafe extern "C" fn(*mut Session, u32, *mut c_void) -> c_int>,
        pub after: Option<unsafe extern "C" fn(*mut Session, u32, *mut c_void)>,
        pub context: *mut c_void,
        pub plan: *const Plan,
        pub next: u32,
        pub last: u32,
        pub vcpu: u32,
        pub block_first: u32,
        pub block_end: u32,
        pub system: c_int,
        pub vm: c_int,
        pub vm_is_callers: u32,
        pub mappings_used: u32,
        pub run_size: usize,
        pub payload: *const c_void,
        pub payload_size: u32,
    }

    pub const CREATE_VM: u32 = 1;
    pub const CREATE_VCPU: u32 = 5;
    /// KVMLOAD_OWN_VM, KVMLOAD_OWN_MEMORY, KVMLOAD_OWN_VCPUS and KVMLOAD_OWN_VCPU_INIT.
    pub const OWN_MACHINE: u32 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6;
    pub const FINISHED: c_int = 0;
    pub const CALLER: c_int = 2;
    pub const SKIPPED: u32 = 4;

    extern "C" {
        pub fn kvmload_check(plan: *mut Plan, bytes: *const c_void, size: usize) -> c_int;
        pub fn kvmload_fault_text(fault: c_int) -> *const c_char;
        pub fn kvmload_get_step(plan: *const Plan, index: u32, step: *mut Step);
        pub fn kvmload_get_label(plan: *const Plan, index: u32, label: *mut Label);
        pub fn kvmload_operation_name(operation: u32) -> *const c_char;
        pub fn kvmload_reason(plan: *const Plan, index: u32, error: c_int) -> *const c_char;
        pub fn kvmload_begin(session: *mut Session, plan: *const Plan) -> c_int;
        pub fn kvmload_open_file(session: *mut Session, index: u32) -> c_int;
        pub fn kvmload_run(session: *mut Session) -> c_int;
        pub fn kvmload_answer(session: *mut Session, answer: c_int, fd: c_int, run: *mut c_void) -> c_int;
        pub fn kvmload_skip(session: *mut Session);
        pub fn kvmload_close(session: *mut Session);
    }
}

/// The parts of linux/kvm.h that the monitor uses, for x86_64.
mod kvm {
    use super::*;

    pub const CREATE_VM: c_ulong = 0xae01;
    pub const GET_VCPU_MMAP_SIZE: c_ulong = 0xae04;
    pub const CREATE_VCPU: c_ulong = 0xae41;
    pub const SET_USER_MEMORY_REGION: c_ulong = 0x4020_ae46;
    pub const RUN: c_ulong = 0xae80;
    pub const SET_REGS: c_ulong = 0x4090_ae82;
    pub const GET_SREGS: c_ulong = 0x8138_ae83;
    pub const SET_SREGS: c_ulong = 0x4138_ae84;

    pub const EXIT_IO: u32 = 2;
    pub const EXIT_HLT: u32 = 5;

    #[repr(C)]
    #[derive(Default)]
    pub struct MemoryRegion {
        pub slot: u32,
        pub flags: u32,
        pub guest_phys_addr: u64,
        pub memory_size: u64,
        pub userspace_addr: u64,
    }

    /// struct kvm_regs: rax to r15, rip, rflags.
    #[repr(C)]
    #[derive(Default)]
    pub struct Regs {
        pub general: [u64; 16],
        pub rip: u64,
        pub rflags: u64,
    }

    extern "C" {
        pub fn ioctl(fd: c_int, request: c_ulong, ...) -> c_int;
        pub fn mmap(at: *mut c_void, size: usize, protection: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    }
}

const GUEST_MEMORY: usize = 1 << 16;
const GUEST_START: usize = 0x1000;
const PORT: u16 = 0x3f8;

/// Real mode: writes the text after it to the port, one byte at a time, then halts; see minivmm.c.
const GUEST: &[u8] = b"\xba\xf8\x03\xbe\x0f\x10\xac\x84\xc0\x74\x03\xee\xeb\xf8\xf4Hello from the guest\n\0";

fn die(what: &str, why: impl std::fmt::Display) -> ! {
    eprintln!("minivmm: {what}: {why}");
    process::exit(1)
}

/// Converts a C string, which may be NULL.
///
/// # Safety
/// `text` is NULL, or points to a string of the plan or of kvmload, which live as long as the program.
unsafe fn text(text: *const c_char) -> Option<&'static str> {
    if text.is_null() {
        return None;
    }
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The machine, which this program creates itself.
struct Machine {
    kvm: c_int,
    vm: c_int,
    vcpu: c_int,
    memory: *mut u8,
    run: *mut u8,
}

impl Machine {
    fn create_vm(&mut self, kind: u64) -> c_int {
        // SAFETY: the mapping is fresh, and lives as long as the program.
        unsafe {
            self.vm = kvm::ioctl(self.kvm, kvm::CREATE_VM, kind);
            if self.vm < 0 {
                return errno();
            }
            let memory = kvm::mmap(ptr::null_mut(), GUEST_MEMORY, 3, 0x22, -1, 0);
            if memory as isize == -1 {
                return errno();
            }
            self.memory = memory.cast();
            let region = kvm::MemoryRegion {
                memory_size: GUEST_MEMORY as u64,
                userspace_addr: memory as u64,
                ..Default::default()
            };
            if kvm::ioctl(self.vm, kvm::SET_USER_MEMORY_REGION, &region) < 0 { errno() } else { 0 }
        }
    }

    fn create_vcpu(&mut self, id: u64) -> c_int {
        // SAFETY: the mapping is fresh, and lives as long as the program.
        unsafe {
            let size = kvm::ioctl(self.kvm, kvm::GET_VCPU_MMAP_SIZE, 0);
            if size < 0 {
                return errno();
            }
            self.vcpu = kvm::ioctl(self.vm, kvm::CREATE_VCPU, id);
            if self.vcpu < 0 {
                return errno();
            }
            let run = kvm::mmap(ptr::null_mut(), size as usize, 3, 1, self.vcpu, 0);
            if run as isize == -1 {
                return errno();
            }
            self.run = run.cast();
            0
        }
    }

    fn load_guest(&self) {
        // SAFETY: the guest fits its memory; the structs are as large as the kernel's.
        unsafe {
            ptr::copy_nonoverlapping(GUEST.as_ptr(), self.memory.add(GUEST_START), GUEST.len());
            // struct kvm_sregs begins with the code segment: its base, 64 bits, its limit, 32, and its selector, 16.
            let mut sregs = [0u64; 39];
            if kvm::ioctl(self.vcpu, kvm::GET_SREGS, &mut sregs) < 0 {
                die("KVM_GET_SREGS", io::Error::last_os_error());
            }
            sregs[0] = 0;
            sregs[1] &= !(0xffff << 32);
            if kvm::ioctl(self.vcpu, kvm::SET_SREGS, &sregs) < 0 {
                die("KVM_SET_SREGS", io::Error::last_os_error());
            }
            let regs = kvm::Regs { rip: GUEST_START as u64, rflags: 2, ..Default::default() };
            if kvm::ioctl(self.vcpu, kvm::SET_REGS, &regs) < 0 {
                die("KVM_SET_REGS", io::Error::last_os_error());
            }
        }
    }

    fn run_guest(&self) {
        loop {
            // SAFETY: struct kvm_run has exit_reason at 8 and, for an I/O exit, at 32: direction, size, port, count,
            // and where in the mapping the data are.
            unsafe {
                if kvm::ioctl(self.vcpu, kvm::RUN, 0) < 0 {
                    die("KVM_RUN", io::Error::last_os_error());
                }
                match self.run.add(8).cast::<u32>().read_volatile() {
                    kvm::EXIT_IO => {
                        let is_out = self.run.add(32).read_volatile() == 1;
                        let port = self.run.add(34).cast::<u16>().read_volatile();
                        let data = self.run.add(40).cast::<u64>().read_volatile() as usize;
                        if is_out && port == PORT {
                            print!("{}", self.run.add(data).read_volatile() as char);
                        }
                    }
                    kvm::EXIT_HLT => return,
                    reason => die("the guest left with reason", reason),
                }
            }
        }
    }
}

unsafe extern "C" fn print_step(session: *mut kvmload::Session, index: u32, _: *mut c_void) {
    // SAFETY: kvmload calls this with its session, and a step of its plan.
    unsafe {
        let session = &*session;
        let outcome = *session.outcomes.add(index as usize);
        let mut step = std::mem::zeroed();
        let mut label: kvmload::Label = std::mem::zeroed();
        kvmload::kvmload_get_step(session.plan, index, &mut step);
        kvmload::kvmload_get_label(session.plan, index, &mut label);
        let answer = match (outcome.verdict, outcome.answer) {
            (kvmload::SKIPPED, _) => "skipped".to_string(),
            (_, 0) => "ok".to_string(),
            (_, error) => io::Error::from_raw_os_error(error).to_string(),
        };
        println!(
            "step {}: {} {}{}: {answer}{}",
            index + 1,
            text(kvmload::kvmload_operation_name(step.operation)).unwrap_or(""),
            text(label.target).unwrap_or(""),
            text(label.attribute).map(|name| format!(".{name}")).unwrap_or_default(),
            text(kvmload::kvmload_reason(session.plan, index, outcome.answer))
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default(),
        );
    }
}

fn fault(fault: c_int) -> &'static str {
    // SAFETY: a constant string of kvmload.
    unsafe { text(kvmload::kvmload_fault_text(fault)) }.unwrap_or("")
}

/// Makes the call of the next step, which this program owns.
fn make_own_call(session: &mut kvmload::Session, machine: &mut Machine) {
    // SAFETY: the step is one of the plan's; the descriptors and the mapping outlive the session.
    unsafe {
        let mut step: kvmload::Step = std::mem::zeroed();
        kvmload::kvmload_get_step(session.plan, session.next, &mut step);
        match step.operation {
            kvmload::CREATE_VM => {
                let error = machine.create_vm(step.value);
                kvmload::kvmload_answer(session, error, machine.vm, ptr::null_mut());
            }
            kvmload::CREATE_VCPU if step.slot > 0 => die("the plan", "this monitor has one vCPU"),
            kvmload::CREATE_VCPU => {
                let error = machine.create_vcpu(step.value);
                kvmload::kvmload_answer(session, error, machine.vcpu, machine.run.cast());
            }
            // The memory exists already, and there is nothing to initialise.
            _ => kvmload::kvmload_skip(session),
        }
    }
}

fn main() {
    let Some(path) = std::env::args().nth(1) else { die("usage", "minivmm PLAN") };
    let bytes = fs::read(&path).unwrap_or_else(|error| die(&path, error));
    let file = fs::OpenOptions::new().read(true).write(true).open("/dev/kvm");
    let kvm = std::os::fd::IntoRawFd::into_raw_fd(file.unwrap_or_else(|error| die("/dev/kvm", error)));
    let mut machine = Machine { kvm, vm: -1, vcpu: -1, memory: ptr::null_mut(), run: ptr::null_mut() };

    // SAFETY: `bytes`, `plan` and the vectors outlive the session, which knows their lengths.
    unsafe {
        let mut plan: kvmload::Plan = std::mem::zeroed();
        let refused = kvmload::kvmload_check(&mut plan, bytes.as_ptr().cast(), bytes.len());
        if refused != 0 {
            die(&path, fault(refused));
        }
        let mut vcpus = vec![kvmload::Vcpu { fd: -1, callers: 0, run: ptr::null_mut() }; plan.vcpu_slots as usize];
        let mut devices = vec![-1; plan.device_slots as usize];
        let mut mappings = vec![kvmload::Mapping { start: ptr::null_mut(), size: 0 }; plan.mapping_slots as usize];
        let mut files = vec![-1; plan.files as usize];
        let mut parameters = vec![kvmload::Value { value: 0, is_set: 0 }; plan.parameters as usize];
        let mut outcomes = vec![kvmload::Outcome { answer: -1, verdict: 0 }; plan.steps as usize];
        let mut scratch = vec![0u8; plan.scratch_size as usize];

        let mut session: kvmload::Session = std::mem::zeroed();
        session.vcpus = vcpus.as_mut_ptr();
        session.devices = devices.as_mut_ptr();
        session.mappings = mappings.as_mut_ptr();
        session.files = files.as_mut_ptr();
        session.parameters = parameters.as_mut_ptr();
        session.outcomes = outcomes.as_mut_ptr();
        session.scratch = scratch.as_mut_ptr();
        session.scratch_size = scratch.len();
        session.vcpu_slots = plan.vcpu_slots;
        session.device_slots = plan.device_slots;
        session.mapping_slots = plan.mapping_slots;
        session.file_slots = plan.files;
        session.parameter_slots = plan.parameters;
        session.outcome_slots = plan.steps;
        let refused = kvmload::kvmload_begin(&mut session, &plan);
        if refused != 0 {
            die("the plan", fault(refused));
        }
        for index in 0..plan.files {
            let error = kvmload::kvmload_open_file(&mut session, index);
            if error != 0 {
                die("a file of the plan", io::Error::from_raw_os_error(error));
            }
        }
        session.own = kvmload::OWN_MACHINE;
        session.after = Some(print_step);
        let mut state = kvmload::kvmload_run(&mut session);
        while state == kvmload::CALLER {
            make_own_call(&mut session, &mut machine);
            state = kvmload::kvmload_run(&mut session);
        }
        match state {
            kvmload::FINISHED if machine.vm >= 0 && machine.vcpu >= 0 => {}
            kvmload::FINISHED => die("the plan", "it has no VM, or no vCPU"),
            state if state < 0 => die("the plan", fault(state)),
            _ => die("the plan", "a step failed"),
        }
        machine.load_guest();
        machine.run_guest();
        kvmload::kvmload_close(&mut session);
    }
}
