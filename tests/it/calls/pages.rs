//! The place of calls as a page, and the bell on every page that is not the app.

use rialto::calls::seed::{CallStory, place_call};
use rialto::calls::{Cause, Fate};

use super::Stage;
use crate::support::Person;

async fn page(stage: &Stage, who: &Person, path: &str, language: &str) -> String {
    let town = &stage.town;
    let request = town.http.get(town.url(path)).bearer_auth(&who.token).header("accept", "text/html").header("accept-language", language);
    let answer = request.send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.text().await.expect("a body"));
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[actix_web::test]
async fn the_place_of_calls_says_when_they_ring_and_every_page_has_a_bell() {
    let stage = Stage::open().await;
    let ann = stage.reachable("ann").await;
    for (language, sentence) in [("en", "Calls ring while this community is open in a tab."), ("fr", "Les appels sonnent tant que")] {
        let calls = page(&stage, &ann, "/calls", language).await;
        assert!(calls.contains(sentence) && calls.contains("<call-board>"), "{calls}");
        let bell = format!("<call-bell member=\"{}\"", ann.id);
        for path in ["/calls", "/people", "/settings", "/settings/reach", "/welcome", "/about"] {
            assert_eq!(page(&stage, &ann, path, language).await.matches(&bell).count(), 1, "{path}");
        }
        assert!(!page(&stage, &ann, "/", language).await.contains("<call-bell"), "the app hears of calls by itself");
    }
    let stranger = stage.town.http.get(stage.town.url("/calls")).header("accept", "text/html").send().await.expect("an answer");
    assert!(!stranger.text().await.expect("a body").contains("<call-board>"));
    stage.close().await;
}

#[actix_web::test]
async fn operators_read_where_a_call_was_and_figures_as_their_language_writes_them() {
    let stage = Stage::open().await;
    let (ann, ben) = (stage.reachable("ann").await, stage.reachable("ben").await);
    let room = super::being_in::voice_room(&stage, &ann, &[&ben]).await;
    let others = vec![(ben.id, Fate::Taken)];
    let story = CallStory {
        room: Some(room),
        is_group: false,
        video: true,
        starter: ann.id,
        others,
        seconds: 60,
        cause: Some(Cause::Left),
        quality: Some(3),
    };
    stage.town.app().ground.db.write(move |tx| place_call(tx, &story)).await.expect("a story");
    for (language, kind, up, loss) in
        [("en", "Voice room", "1,150 up", "0.2\u{a0}%"), ("fr", "Salon vocal", "1\u{202f}150 montant", "0,2\u{a0}%")]
    {
        let shown = page(&stage, &stage.owner, "/admin/calls?show=past", language).await;
        assert!(shown.contains(&format!("{kind} · <bdi>Quay</bdi> · ")), "{shown}");
        assert!(shown.contains(up) && shown.contains(loss), "{language}: {shown}");
    }
    stage.close().await;
}
