//! What a client's machine has not taken yet of what was sent, where the operating system tells. Knows no HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The pause between two looks: nothing tells when a client has taken the rest.
const PAUSE: Duration = Duration::from_millis(10);

/// The connections of this machine, on Linux: one in a line, with its two ends and the bytes that wait in it.
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];

/// How many looks in a row do not find a connection that is gone. While others come and go, a look may miss one that is there.
const MISSES: usize = 5;

/// Waits until the other end of a connection has taken everything. If the system does not tell, this does not wait.
pub(super) async fn taken(own: SocketAddr, other: SocketAddr) {
    let mut misses = 0;
    while misses < MISSES {
        let look = tokio::task::spawn_blocking(move || {
            let tables = TABLES
                .iter()
                .filter_map(|table| std::fs::read_to_string(table).ok());
            let mut found = tables.map(|table| waiting(&table, own, other)).peekable();
            found.peek()?;
            Some(found.flatten().next())
        });
        match look.await {
            Ok(Some(Some(1..))) => misses = 0,
            Ok(Some(None)) => misses += 1,
            _ => return,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How many bytes wait in a connection for its other end; `None` if a table does not have it.
fn waiting(table: &str, own: SocketAddr, other: SocketAddr) -> Option<u64> {
    table.lines().find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let ends = [end(columns.next()?)?, end(columns.next()?)?];
        let is_it = ends == [own, other].map(|end| (end.ip().to_canonical(), end.port()));
        let (sent, _) = columns.nth(1)?.split_once(':')?;
        is_it.then(|| u64::from_str_radix(sent, 16).ok()).flatten()
    })
}

/// An end of a connection: each four bytes of its address as a number in the order of the machine, and its port.
fn end(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let words = address.as_bytes().chunks(8);
    let words = words.map(|word| u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok());
    let bytes: Vec<u8> = words
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect();
    let address = match <[u8; 4]>::try_from(&*bytes) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(&*bytes).ok()?),
    };
    Some((address.to_canonical(), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::waiting;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_connection_is_found_by_both_of_its_ends() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue\n   \
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n   \
            1: 0100007F:1F90 0100007F:D4C2 01 0000002A:00000001 00:00000000\n   \
            2: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:D4C2 01 00000007:00000000\n   \
            3: 0000000000000000FFFF00000100007F:1F91 0000000000000000FFFF00000100007F:D4C2 01 00000008:00000000\n";
        for (own, other, bytes) in [
            ("127.0.0.1:8080", "127.0.0.1:54466", Some(42)),
            ("127.0.0.1:54466", "127.0.0.1:8080", None),
            ("127.0.0.1:8080", "127.0.0.1:54467", None),
            ("[::1]:8080", "[::1]:54466", Some(7)),
            ("127.0.0.1:8081", "127.0.0.1:54466", Some(8)),
        ] {
            let ends = [own, other].map(|end| end.parse().unwrap());
            assert_eq!(waiting(table, ends[0], ends[1]), bytes, "{own} {other}");
        }
        assert_eq!(
            waiting("", "[::1]:1".parse().unwrap(), "[::1]:2".parse().unwrap()),
            None
        );
    }
}
