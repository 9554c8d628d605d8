//! Cuts a server-sent event stream into events, as the HTML standard's section 9.2 says, in bounded memory and linear time.
//!
//! A small reader of our own because the endpoint may be hostile: the usual crate scans its buffer anew with every chunk and
//! keeps any amount of it. Ids and retry times are of no use here and are skipped, as are comments.

/// The longest event, and the longest line, in bytes. Vendors' events are far below it.
pub(super) const MAX_EVENT: usize = 1024 * 1024;

/// Bytes that never were a server-sent event stream a model's vendor would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadStream {
    #[error("an event is longer than {MAX_EVENT} bytes")]
    TooLong,
    #[error("an event is not UTF-8")]
    NotUtf8,
}

/// A reader that is fed with bytes as they come and hands out the data of whole events.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_cr: bool,
    begun: bool,
}

impl Reader {
    /// Takes a chunk and returns the data of every event that it ends.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<Vec<String>, BadStream> {
        let mut events = Vec::new();
        for piece in chunk.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
            let (text, end) = match piece.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                Some(_) | None => (piece, None),
            };
            // The second half of CR LF ends nothing more.
            if self.after_cr && text.is_empty() && end == Some(b'\n') {
                self.after_cr = false;
                continue;
            }
            self.after_cr = end == Some(b'\r');
            if self.line.len() + text.len() + self.data.len() > MAX_EVENT {
                return Err(BadStream::TooLong);
            }
            self.line.extend_from_slice(text);
            if end.is_some() {
                events.extend(self.end_line()?);
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<String>, BadStream> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', b' ', value @ ..]) | Some([b':', value @ ..]) => value,
            Some(_) | None => return Ok(None),
        };
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.has_data = true;
        Ok(None)
    }

    fn end_event(&mut self) -> Result<Option<String>, BadStream> {
        if !std::mem::take(&mut self.has_data) {
            return Ok(None);
        }
        String::from_utf8(std::mem::take(&mut self.data)).map(Some).map_err(|_| BadStream::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: &[&[u8]]) -> Result<Vec<String>, BadStream> {
        let mut reader = Reader::default();
        let mut events = Vec::new();
        for chunk in chunks {
            events.extend(reader.push(chunk)?);
        }
        Ok(events)
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let whole = "\u{feff}event: a\r\ndata: {\"ü\":\r\ndata: 1}\r\n\r\n: ping\n\ndata:x\rdata\r\rid: 7\ndata: last";
        let expected = Ok(vec!["{\"ü\":\n1}".to_owned(), "x\n".to_owned()]);
        assert_eq!(read(&[whole.as_bytes()]), expected);
        let bytes: Vec<&[u8]> = whole.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), expected);
        for cut in 0..whole.len() {
            let (left, right) = whole.as_bytes().split_at(cut);
            assert_eq!(read(&[left, right]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn f48_an_event_without_its_empty_line_is_none() {
        assert_eq!(read(&[b"data: {\"a\":1}\n"]), Ok(vec![]));
    }

    #[test]
    fn a_line_or_an_event_without_end_is_given_up() {
        let endless = vec![b'x'; MAX_EVENT + 1];
        assert_eq!(read(&[&endless]), Err(BadStream::TooLong));
        let many = b"data: 0123456789\n".repeat(MAX_EVENT / 10);
        assert_eq!(read(&[&many]), Err(BadStream::TooLong));
    }

    #[test]
    fn what_is_not_utf8_is_no_event() {
        assert_eq!(read(&[b"data: \xff\xfe\n\n"]), Err(BadStream::NotUtf8));
    }
}
