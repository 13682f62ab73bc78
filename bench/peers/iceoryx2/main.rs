//! A ping-pong of 8 KB in place by iceoryx2, two processes that look all the time. Prints nanoseconds one way.
//! Usage: iceoryx2-ping-pong TRIPS

use std::process::{Child, Command};
use std::time::Instant;

use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;

const SIZE: usize = 8192;
const WARM_UP: usize = 10_000;

type Ports = (Publisher<ipc::Service, [u8], ()>, Subscriber<ipc::Service, [u8], ()>);
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn ports(node: &Node<ipc::Service>, out: &str, back: &str) -> Result<Ports> {
    let service = |name: &str| -> Result<_> {
        Ok(node.service_builder(&name.try_into()?).publish_subscribe::<[u8]>().open_or_create()?)
    };
    let publisher = service(out)?.publisher_builder().initial_max_slice_len(SIZE).create()?;
    let subscriber = service(back)?.subscriber_builder().create()?;
    Ok((publisher, subscriber))
}

/// Makes a message in place: the first and the last byte are written.
fn send(publisher: &Publisher<ipc::Service, [u8], ()>, value: u8) -> Result<()> {
    // SAFETY: bytes of any value are bytes.
    let mut sample = unsafe { publisher.loan_slice_uninit(SIZE)?.assume_init() };
    let payload = sample.payload_mut();
    payload[0] = value;
    payload[SIZE - 1] = value;
    sample.send()?;
    Ok(())
}

fn receive(subscriber: &Subscriber<ipc::Service, [u8], ()>) -> Result<u8> {
    loop {
        if let Some(sample) = subscriber.receive()? {
            return Ok(sample.payload()[0].wrapping_add(sample.payload()[SIZE - 1]));
        }
        std::hint::spin_loop();
    }
}

/// What iceoryx2 makes in /dev/shm begins with this name, and all else is in a folder of this name: it leaves some of it.
fn config(name: &str) -> Result<Config> {
    let mut config = Config::default();
    config.global.prefix = FileName::new(name.as_bytes())?;
    config.global.set_root_path(&Path::new(folder(name).as_bytes())?);
    Ok(config)
}

fn folder(name: &str) -> String {
    format!("{}/{name}", std::env::temp_dir().display())
}

fn remove_all(name: &str) -> Result<()> {
    for entry in std::fs::read_dir("/dev/shm")? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(name) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(std::fs::remove_dir_all(folder(name))?)
}

fn main() -> Result<()> {
    set_log_level(LogLevel::Fatal);
    let arguments: Vec<String> = std::env::args().collect();
    let name = arguments.get(2).cloned().unwrap_or_else(|| format!("shm-bench-iceoryx2-{}-", std::process::id()));
    let node = NodeBuilder::new().config(&config(&name)?).create::<ipc::Service>()?;
    if arguments.len() > 2 {
        let (publisher, subscriber) = ports(&node, "back", "there")?;
        // Until the other one is there, nobody has it.
        loop {
            let value = receive(&subscriber)?;
            send(&publisher, value)?;
        }
    }
    let trips: usize = arguments[1].parse()?;
    let (publisher, subscriber) = ports(&node, "there", "back")?;
    let mut other: Child = Command::new(&arguments[0]).args([&arguments[1], &name]).spawn()?;
    // The other one is there when it has answered.
    loop {
        send(&publisher, 1)?;
        std::thread::sleep(std::time::Duration::from_millis(50));
        if subscriber.receive()?.is_some() {
            break;
        }
    }
    while subscriber.receive()?.is_some() {}
    let play = |trips: usize| -> Result<()> {
        for trip in 0..trips {
            send(&publisher, trip as u8)?;
            receive(&subscriber)?;
        }
        Ok(())
    };
    play(WARM_UP)?;
    let start = Instant::now();
    play(trips)?;
    println!("{}", start.elapsed().as_nanos() as f64 / trips as f64 / 2.0);
    other.kill()?;
    other.wait()?;
    remove_all(&name)
}
