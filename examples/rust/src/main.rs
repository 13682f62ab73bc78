//! A POSIX object that a Rust program and Node.js share (Linux; elsewhere, open it by `shm_open`).
//! cargo run make /name 1000    for get('/name', 'Float32Array', { raw: true })
//! cargo run add /name          to what create(1000, 'Float32Array', '/name') has made
use memmap2::MmapMut;
use std::{env, fs::OpenOptions, io};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", name, count] => {
            let mut memory = map(name, count.parse().ok())?;
            for (index, float) in memory.chunks_exact_mut(4).enumerate() {
                float.copy_from_slice(&(index as f32).to_ne_bytes());
            }
        }
        ["add", name] => {
            let mut memory = map(name, None)?;
            let (header, data) = memory.split_at_mut(8);
            let bytes = u64::from_ne_bytes(header.try_into().expect("eight bytes"));
            for float in data[..bytes as usize].chunks_exact_mut(4) {
                let value = f32::from_ne_bytes((&*float).try_into().expect("four bytes"));
                float.copy_from_slice(&(value + 1.0).to_ne_bytes());
            }
        }
        _ => panic!("share-with-node make NAME COUNT | add NAME"),
    }
    Ok(())
}

fn map(name: &str, floats: Option<u64>) -> io::Result<MmapMut> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(floats.is_some());
    let file = options.open(format!("/dev/shm{name}"))?;
    floats.map_or(Ok(()), |count| file.set_len(4 * count))?;
    // SAFETY: as long as nobody writes at the same time, which the two programs agree on.
    unsafe { MmapMut::map_mut(&file) }
}
