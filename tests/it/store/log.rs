//! The event log: what was done to it behind our back is found.

use assentry::store::{Broken, Verdict, Verified};

use super::on_both;
use super::place::{Place, at, event};

on_both!(an_untouched_log_is_whole, f59_any_changed_removed_inserted_or_moved_row_is_found_and_named);

async fn an_untouched_log_is_whole(place: &Place) {
    let genesis = "0".repeat(64);
    assert_eq!(place.store.verify().await.unwrap(), Verdict::Whole(Verified { rows: 0, head: genesis }));
    let events = (0..1201).map(|n| event(&format!("e{n}"))).collect();
    place.store.append(events, at(1)).await.unwrap();

    let last = place.store.events_after(1200).await.unwrap();
    let whole = Verified { rows: 1201, head: last[0].hash.clone() };
    assert_eq!(place.store.verify().await.unwrap(), Verdict::Whole(whole));
}

async fn f59_any_changed_removed_inserted_or_moved_row_is_found_and_named(place: &Place) {
    let run = place.opens_run(1, &[]).await;
    assert_eq!(run.0, 1);
    place.store.append((0..9).map(|n| event(&format!("e{n}"))).collect(), at(1)).await.unwrap();

    // What is done, the first row that shows it, and how it is undone.
    let copy = "INSERT INTO events SELECT 11, run_id, at, kind, body, prev_hash, hash FROM events WHERE seq = 10";
    let crimes = [
        ("UPDATE events SET body = '{}' WHERE seq = 4", 4, "UPDATE events SET body = '{\"by\":\"ann\"}' WHERE seq = 4"),
        ("UPDATE events SET kind = 'x' WHERE seq = 10", 10, "UPDATE events SET kind = 'e8' WHERE seq = 10"),
        ("UPDATE events SET at = 2 WHERE seq = 3", 3, "UPDATE events SET at = 1000 WHERE seq = 3"),
        ("UPDATE events SET run_id = NULL WHERE seq = 1", 1, "UPDATE events SET run_id = 1 WHERE seq = 1"),
        ("UPDATE events SET run_id = 1 WHERE seq = 2", 2, "UPDATE events SET run_id = NULL WHERE seq = 2"),
        ("UPDATE events SET hash = 'x' WHERE seq = 5", 5, ""),
    ];
    let hash = place.store.events_after(4).await.unwrap()[0].hash.clone();
    let mend = format!("UPDATE events SET hash = '{hash}' WHERE seq = 5");
    for (crime, seq, undo) in crimes {
        place.tamper(crime).await;
        assert_eq!(broken(place).await, Some(seq), "{crime}");
        place.tamper(if undo.is_empty() { &mend } else { undo }).await;
        assert_eq!(broken(place).await, None, "{undo}");
    }

    place.tamper(copy).await;
    assert_eq!(broken(place).await, Some(11), "inserted behind the last");
    place.tamper("DELETE FROM events WHERE seq = 11").await;
    assert_eq!(broken(place).await, None);

    for seq in [0, -5] {
        let insert = format!(
            "INSERT INTO events SELECT {seq}, run_id, at, kind, body, prev_hash, hash FROM events WHERE seq = 1"
        );
        place.tamper(&insert).await;
        assert_eq!(broken(place).await, Some(seq), "inserted before the first");
        place.tamper("DELETE FROM events WHERE seq < 1").await;
        assert_eq!(broken(place).await, None);
    }

    if place.url.starts_with('/') {
        // SQLite keeps what it is given, also of another kind: bytes for a text, a word for a number, no number at all.
        for (crime, seq, undo) in [
            (
                "UPDATE events SET body = x'ff00' WHERE seq = 4",
                4,
                "UPDATE events SET body = '{\"by\":\"ann\"}' WHERE seq = 4",
            ),
            ("UPDATE events SET at = 'noon' WHERE seq = 3", 3, "UPDATE events SET at = 1000 WHERE seq = 3"),
            ("UPDATE events SET kind = x'00' WHERE seq = 10", 10, "UPDATE events SET kind = 'e8' WHERE seq = 10"),
            ("UPDATE events SET seq = 'ten' WHERE seq = 10", 10, "UPDATE events SET seq = 10 WHERE seq = 'ten'"),
        ] {
            place.tamper(crime).await;
            assert_eq!(broken(place).await, Some(seq), "{crime}");
            place.tamper(undo).await;
            assert_eq!(broken(place).await, None, "{undo}");
        }
        let nameless =
            "INSERT INTO events SELECT NULL, run_id, at, kind, body, prev_hash, hash FROM events WHERE seq = 1";
        place.tamper(nameless).await;
        assert_eq!(broken(place).await, Some(0), "inserted without a number");
        place.tamper("DELETE FROM events WHERE seq IS NULL").await;
    }

    let swap = "UPDATE events SET seq = CASE seq WHEN 6 THEN -7 ELSE -6 END WHERE seq IN (6, 7)";
    place.tamper(swap).await;
    place.tamper("UPDATE events SET seq = -seq WHERE seq < 0").await;
    assert_eq!(broken(place).await, Some(6), "two rows in each other's place");
    place.tamper(swap).await;
    place.tamper("UPDATE events SET seq = -seq WHERE seq < 0").await;
    assert_eq!(broken(place).await, None);

    place.tamper("DELETE FROM events WHERE seq = 10").await;
    assert_eq!(broken(place).await, Some(10), "removed from the end");
    place.tamper("DELETE FROM events WHERE seq = 8").await;
    assert_eq!(broken(place).await, Some(8), "removed from the middle");
    place.tamper("DELETE FROM events WHERE seq = 1").await;
    assert_eq!(broken(place).await, Some(1), "removed from the beginning");
}

async fn broken(place: &Place) -> Option<i64> {
    match place.store.verify().await.unwrap() {
        Verdict::Whole(_) => None,
        Verdict::Broken(Broken { seq, .. }) => Some(seq),
    }
}
