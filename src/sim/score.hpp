// Judges what a tracker recorded against the truth. Plain structs in, counts and findings out; it knows the
// truth's rules for kinds and nothing of how deployments are detected.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "sim/truth.hpp"

namespace rollcall::sim {

// One item of the history.
struct Record {
  Cell cell;
  std::string version;
  std::optional<std::string> previous,
      kind;  // not judged when the tracker keeps none; of kinds the letter case is ignored
  std::int64_t sequence = 0;  // its rank in the cell
  Timestamp started;
  std::optional<Timestamp> completed;
  Timestamp detected;
};

// One row of the snapshot.
struct SnapshotRow {
  Cell cell;
  std::string version;
  std::optional<std::string> previous;  // not judged when the tracker keeps none
};

struct ScoreOptions {
  Timespan heartbeat = minutes(1);
  Timespan skew{0};  // the bound of what was injected
};

// One thing that is wrong, for people.
struct Finding {
  std::string
      what;  // missed, duplicated, wrong_previous, wrong_kind, wrong_time, snapshot; unobservable, untold
  std::string text;  // `production/mediawiki/enwiki 1.38.0-wmf.17 at 2022-…: …`
  bool undecidable = false;
  bool is_error() const { return what != "unobservable" && what != "untold"; }
};

struct Score {
  std::uint64_t deployments = 0;
  std::uint64_t missed = 0, duplicated = 0, wrong_previous = 0, wrong_kind = 0, wrong_time = 0;
  std::uint64_t unobservable =
      0;  // versions of which no line was ever delivered; in no other count
  // Not recorded, and too few lines of them came to tell them from restarts or an old image; in no other count.
  std::uint64_t untold = 0;
  std::uint64_t undecidable =
      0;  // of the errors, those with a neighbour too close; in the other counts too
  std::uint64_t snapshot_wrong_at_end = 0;
  // By Kind: those that could be told from what was delivered, and of them those that no record is of.
  std::array<std::uint64_t, 4> expected_of{}, missed_of{};
  double delay_p50_s = 0, delay_p99_s = 0;  // from completion to detection; 0 when detected sooner
  std::vector<Finding> findings;

  bool perfect() const {
    return missed + duplicated + wrong_previous + wrong_kind + wrong_time + snapshot_wrong_at_end ==
           0;
  }
};

// A record may say that a deployment started as early as a heartbeat (and the skew, and the cell's slack) before it did, and as late as
// that after the first line of it that was delivered; completion likewise. A deployment whose predecessor could
// not be observed and whose version stood before that one too, looks as if nothing happened: recording it is right, and so is not.
Score judge(const Truth& truth, const std::vector<Record>& records,
            const std::vector<SnapshotRow>& snapshot, const ScoreOptions& options);

// Watches the snapshot while the play goes on. A row is wrong at a poll when it shows a version that
// is not current any more although lines of most instances of the next one had come `settle` before the poll,
// or one of which nothing has been delivered yet, or when there is no row.
class SnapshotWatch {
 public:
  SnapshotWatch(const Truth& truth, Timespan settle);
  // After a poll; `minutes` is how long this state stands until the next one.
  void poll(Timestamp now, const std::vector<SnapshotRow>& rows, double minutes);
  double wrong_cell_minutes() const { return wrong_cell_minutes_; }

 private:
  const Truth& truth_;
  Timespan settle_;
  double wrong_cell_minutes_ = 0;
  std::unordered_map<std::string, std::size_t> cell_of_;
  std::vector<std::size_t>
      due_;  // by cell: one more than the last episode that must be shown by now
};

}  // namespace rollcall::sim
