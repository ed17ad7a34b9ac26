from tasks.report.choice import Outcome, choose_places, share_places
from tests.report_tables import write_mixed


def share(solved, grpo, test, rejected, refused, total=24):
    counts = dict(zip(Outcome, (solved, grpo, test, rejected, refused), strict=True))
    return list(share_places(counts, total).values())


def test_where_there_is_enough_the_sample_mixes_outcomes():
    assert share(100, 100, 100, 100, 100) == [9, 7, 2, 3, 3]


def test_places_that_one_outcome_leaves_go_to_the_others():
    assert share(100, 100, 0, 0, 0) == [13, 11, 0, 0, 0]
    assert share(100, 0, 0, 0, 1) == [23, 0, 0, 0, 1]


def test_a_small_data_set_is_shown_whole():
    assert share(2, 1, 1, 0, 1) == [2, 1, 1, 0, 1]
    assert share(0, 0, 0, 0, 0) == [0, 0, 0, 0, 0]


def test_the_choice_follows_ids_and_not_shards(tmp_path):
    jobs = [write_mixed(tmp_path, index, 2) for index in range(2)]
    places = choose_places(jobs, 24)
    solved = places.filter(outcome="solved")["problem_id"].to_list()
    assert solved == sorted(solved)
    assert len(set(places["shard"])) == 2
    assert places.equals(choose_places(jobs, 24))


def test_every_reason_of_refusal_is_shown_before_one_twice(tmp_path):
    places = choose_places([write_mixed(tmp_path)], 16)
    reasons = [key.split()[1] for key in places.filter(outcome="refused")["key"]]
    assert reasons == ["duplicate", "missing_image"]
