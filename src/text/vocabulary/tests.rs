use super::*;
use proptest::prelude::*;

const ENOUGH: usize = 1 << 30;

fn mark(vocabulary: &Vocabulary, text: &[u8], place: Place) -> Option<Mark> {
    marks(vocabulary, text, &[place])[0]
}

fn marks(vocabulary: &Vocabulary, text: &[u8], places: &[Place]) -> Vec<Option<Mark>> {
    let mut found = Vec::new();
    let look = vocabulary.look();
    let mut lookups = look.for_words(text);
    for &place in places {
        lookups.ask(place, |place, mark| found.push((place, mark)));
    }
    assert_eq!(lookups.end(|place, mark| found.push((place, mark))), places.len());
    let (found, marks): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    assert_eq!(found, places);
    marks
}

proptest! {
    #[test]
    fn it_keeps_words_and_their_first_marks_as_a_map_does(
        words in prop::collection::vec((prop::collection::vec(0_u8..3, 1..40), 0..MARKS), 1..200),
    ) {
        let text: Vec<u8> = words.iter().flat_map(|(word, _)| word.clone()).collect();
        let vocabulary = Vocabulary::new(0, ENOUGH).unwrap();
        let mut map = HashMap::new();
        let mut start = 0;
        let mut places = Vec::new();
        for (word, new_mark) in &words {
            let place = Place::of(&(start..start + word.len()));
            start += word.len();
            places.push(place);
            prop_assert_eq!(mark(&vocabulary, &text, place), map.get(word).copied());
            vocabulary.add(&text, &[(place, *new_mark), (place, 0)]).unwrap();
            map.entry(word.clone()).or_insert(*new_mark);
        }
        let expected: Vec<_> = words.iter().map(|(word, _)| Some(map[word])).collect();
        prop_assert_eq!(marks(&vocabulary, &text, &places), expected);
    }
}

/// Numbers with so many digits, one after the other, each with a mark of its own.
fn numbers(count: usize, digits: usize) -> (Vec<u8>, Vec<(Place, Mark)>) {
    let text = (0..count).flat_map(|number| format!("{number:0digits$}").into_bytes());
    let words = (0..count)
        .zip((0..MARKS).cycle())
        .map(|(number, mark)| (Place::of(&(number * digits..(number + 1) * digits)), mark));
    (text.collect(), words.collect())
}

#[test]
fn it_grows_and_forgets_nothing() {
    for digits in [6, 15, 16, 31, 32] {
        let (text, words) = numbers(20_000, digits);
        let vocabulary = Vocabulary::new(0, ENOUGH).unwrap();
        vocabulary.add(&text, &words).unwrap();
        let (places, expected): (Vec<_>, Vec<_>) =
            words.into_iter().map(|(place, mark)| (place, Some(mark))).unzip();
        assert!(marks(&vocabulary, &text, &places) == expected, "{digits} digits");
    }
}

#[test]
fn it_forgets_words_rather_than_take_more_memory() {
    const MOST: usize = 1 << 20;
    for digits in [6, 16, 32] {
        let (text, words) = numbers(100_000, digits);
        let vocabulary = Vocabulary::new(words.len(), MOST).unwrap();
        for some in words.chunks(100) {
            vocabulary.add(&text, some).unwrap();
            let last = some.last().unwrap();
            assert_eq!(mark(&vocabulary, &text, last.0), Some(last.1));
            let words = vocabulary.words.read().unwrap();
            let tables = words.short.bytes() + words.medium.bytes();
            assert!(tables + words.long.read().unwrap().bytes <= MOST);
        }
        let places: Vec<_> = words.iter().map(|&(place, _)| place).collect();
        assert!(marks(&vocabulary, &text, &places).contains(&None), "{digits} digits");
    }
}

#[test]
fn who_looks_while_others_add_finds_a_word_with_its_mark_or_none() {
    let (text, words) = numbers(50_000, 12);
    let vocabulary = Vocabulary::new(0, ENOUGH).unwrap();
    let places: Vec<_> = words.iter().map(|&(place, _)| place).collect();
    let (first, second) = words.split_at(words.len() / 2);
    std::thread::scope(|scope| {
        let adding = [first, second].map(|words| {
            let (text, vocabulary) = (&text, &vocabulary);
            scope.spawn(move || words.chunks(64).try_for_each(|some| vocabulary.add(text, some)))
        });
        let mut all_added = false;
        while !all_added {
            all_added = adding.iter().all(std::thread::ScopedJoinHandle::is_finished);
            let found = marks(&vocabulary, &text, &places);
            for (found, &(place, mark)) in found.into_iter().zip(&words) {
                assert!(found.is_none_or(|found| found == mark), "{place:?}");
                assert!(found.is_some() || !all_added, "{place:?}");
            }
        }
        for added in adding {
            added.join().unwrap().unwrap();
        }
    });
}
