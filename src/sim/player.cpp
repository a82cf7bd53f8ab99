#include "sim/player.hpp"

#include <algorithm>
#include <limits>
#include <queue>

#include "base/check.hpp"
#include "sim/plan.hpp"

namespace rollcall::sim {
namespace {

constexpr Timestamp never = timestamp_max;
constexpr std::int64_t requests = 8;  // that one who is served logs from heartbeat to heartbeat
enum Stream : std::uint64_t { paces = 201, traces };

struct Beat {
  Timestamp time;
  std::uint32_t slot;
};
struct LaterBeat {
  bool operator()(const Beat& a, const Beat& b) const {
    return std::pair(a.time, a.slot) > std::pair(b.time, b.slot);
  }
};

struct InFlight {
  Line line;
  std::uint64_t n;  // equal arrivals come in the order of writing
  std::uint32_t episode;
  Timestamp written;
};
struct LaterArrival {
  bool operator()(const InFlight& a, const InFlight& b) const {
    return std::pair(a.line.arrival, a.n) > std::pair(b.line.arrival, b.n);
  }
};

// Who is served is known to five minutes, in which requests are counted by two hosts' clocks; a line of a sparse cell is so long to come.
std::vector<CellTraits> traits_of(const FleetOptions& options, std::size_t cells) {
  std::vector<CellTraits> traits;
  const Timespan counted =
      minutes(5) + (options.faults.has(Fault::skew) ? skew_bound : Timespan{0});
  for (std::uint32_t cell = 0; cell < cells && !options.kinds.empty(); ++cell) {
    CellTraits one{options.instances, {0}};
    switch (options.kind(cell)) {
      case CellKind::plain:
        break;
      case CellKind::blue_green:
        one = {std::max(1U, options.instances / 2), counted};
        break;
      case CellKind::canary:
        one.slack = counted;
        break;
      case CellKind::sparse:
        one.slack = options.heartbeat_in(cell);
        break;
    }
    traits.push_back(one);
  }
  return traits;
}

}  // namespace

Timespan FleetOptions::heartbeat_in(std::uint32_t cell) const {
  if (kind(cell) != CellKind::sparse) return heartbeat;
  return Random(hash(seed, paces, cell)).between(minutes(10), minutes(40));
}

struct Player::State {
  FleetOptions options;
  Outages outages;
  LineFaults line_faults;
  Plan plan;
  Truth truth;
  std::vector<Timespan> skew;        // by slot
  std::vector<std::size_t> process;  // by slot: the one that lives, a place in plan.processes
  std::vector<std::string> hosts, instances;  // names by slot and by process
  std::priority_queue<Beat, std::vector<Beat>, LaterBeat> beats;
  std::priority_queue<InFlight, std::vector<InFlight>, LaterArrival> flying;
  std::uint64_t written = 0;
  Timestamp now;

  State(const FleetOptions& chosen, Timeline timeline, Timestamp from)
      : options(chosen),
        outages(plan_outages(timeline, chosen.faults, chosen.seed, chosen.poll)),
        line_faults(chosen.faults, chosen.seed),
        plan(make_plan(chosen, timeline, from, outages)),
        truth{timeline.cells(), timeline.versions(), std::move(plan.episodes), chosen.instances,
              traits_of(chosen, timeline.cells().size())} {
    const std::size_t slots = timeline.cells().size() * options.instances;
    skew.resize(slots);
    process.assign(slots, 0);
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      skew[slot] = line_faults.skew(slot);
      process[slot] = plan.first_process[slot];
      if (process[slot] < plan.first_process[slot + 1])
        schedule(slot, plan.processes[process[slot]].start);
    }
    for (std::uint32_t slot = 0; slot < slots && options.hosts; ++slot) {
      const Cell& cell = truth.cells[slot / options.instances];
      hosts.push_back(fmt::format("{}-{}-{}-{}", cell.environment, cell.role, cell.region,
                                  slot % options.instances));
    }
    instances.reserve(plan.processes.size());
    for (std::size_t i = 0; i < plan.processes.size(); ++i) {
      instances.push_back(fmt::format("{:016x}", hash(options.seed, 0x1d, i)));
    }
    if (!plan.stretches.empty()) now = plan.stretches.front().from;
  }

  // The slot's next line at or after `time`, which is its process's start or one of its beats.
  void schedule(std::uint32_t slot, Timestamp time) {
    const Process* living = &plan.processes[process[slot]];
    while (time >= living->end) {
      if (process[slot] + 1 == plan.first_process[slot + 1]) return;  // gone for good
      living = &plan.processes[++process[slot]];
      time = living->start;
    }
    const Timestamp awake = plan.awake(time);
    if (awake == never) return;
    if (awake > time) {  // wakes up on a beat of its own
      const std::int64_t period = options.heartbeat_in(slot / options.instances).ticks;
      const std::int64_t beats_until = ((awake - living->start).ticks + period - 1) / period;
      return schedule(slot, living->start + Timespan{period * beats_until});
    }
    beats.push({time, slot});
  }

  void write(const Beat& beat) {
    const std::size_t index = process[beat.slot];
    const Process& living = plan.processes[index];
    const Timespan period = options.heartbeat_in(beat.slot / options.instances);
    const std::uint64_t n = written++;
    schedule(beat.slot, beat.time + period);
    send(index, beat.time, n, false);
    for (std::int64_t i = 1; i <= requests; ++i) {
      const Timestamp time = beat.time + Timespan{period.ticks * i / (requests + 1)};
      if (time < living.end && plan.serves(living.slot, options.instances, time))
        send(index, time, written++, true);
    }
  }

  void send(std::size_t index, Timestamp time, std::uint64_t n, bool request) {
    const Process& living = plan.processes[index];
    const std::uint32_t cell = living.slot / options.instances;
    if (line_faults.lost(n) || outages.silence[cell].covering(time)) return;
    InFlight sent{{}, n, plan.episode_of(living, options.instances, time), time};
    sent.line.timestamp = time + skew[living.slot];
    sent.line.cell = cell;
    sent.line.version = living.version;
    sent.line.host = living.slot;
    sent.line.instance = static_cast<std::uint32_t>(index);
    sent.line.started = time == living.start;
    sent.line.request = request;
    for (unsigned copy = 0; copy < (line_faults.doubled(n) ? 2U : 1U); ++copy) {
      sent.line.arrival = outages.let_in(time + line_faults.delay(time, living.slot, n, copy));
      flying.push(sent);
    }
  }

  void deliver(const InFlight& sent) {
    if (sent.episode == no_episode) return;
    Episode& episode = truth.episodes[sent.line.cell][sent.episode];
    // An instance back on the old image speaks for the old version, not for the rollout that it belongs to.
    if (episode.version != sent.line.version) return;
    if (episode.lines++ == 0) {
      episode.first_arrival = sent.line.arrival;
      episode.first_heard = sent.written;
    }
    episode.first_heard = std::min(episode.first_heard, sent.written);
    episode.last_heard = std::max(episode.last_heard, sent.written);
    const unsigned count = truth.instances_in(sent.line.cell);
    const std::uint32_t place = sent.line.host % options.instances % count;
    if ((episode.slots_heard >> place & 1U) != 0) return;
    episode.slots_heard |= std::uint64_t{1} << place;
    const auto heard = static_cast<unsigned>(std::popcount(episode.slots_heard));
    if (!episode.arrived && heard * 2 > count) episode.arrived = sent.line.arrival;
    episode.all_heard = std::max(episode.all_heard, sent.written);
  }
};

Player::Player(const FleetOptions& options, Timeline timeline, Timestamp from)
    : state_(std::make_unique<State>(options, std::move(timeline), from)) {}
Player::~Player() = default;
Player::Player(Player&&) noexcept = default;
Player& Player::operator=(Player&&) noexcept = default;

std::optional<Line> Player::next() {
  State& s = *state_;
  // Whatever is still to be written arrives no sooner than it is written.
  while (!s.beats.empty() &&
         (s.flying.empty() || s.flying.top().line.arrival >= s.beats.top().time)) {
    const Beat beat = s.beats.top();
    s.beats.pop();
    s.now = beat.time;
    s.write(beat);
  }
  if (s.flying.empty()) return std::nullopt;
  const InFlight sent = s.flying.top();
  s.flying.pop();
  s.deliver(sent);
  return sent.line;
}

const Truth& Player::truth() const { return state_->truth; }
const Outages& Player::outages() const { return state_->outages; }

double Player::progress() const {
  Timespan done{0}, all{0};
  for (const Interval& stretch : state_->plan.stretches) {
    all = all + (stretch.to - stretch.from);
    done = done + (std::clamp(state_->now, stretch.from, stretch.to) - stretch.from);
  }
  return all.ticks == 0 ? 1.0 : static_cast<double>(done.ticks) / static_cast<double>(all.ticks);
}

std::string_view Player::host_name(std::uint32_t host) const {
  return state_->options.hosts ? std::string_view(state_->hosts[host]) : std::string_view();
}

std::string_view Player::instance_name(std::uint32_t instance) const {
  return state_->instances[instance];
}

void Player::append(const Line& line, telemetry::LogBatch& batch) const {
  const Cell& cell = state_->truth.cells[line.cell];
  telemetry::LogRow row;
  row.timestamp = row.observed_timestamp = line.timestamp;
  row.environment = cell.environment;
  row.role = cell.role;
  row.region = cell.region;
  row.version = state_->truth.versions[line.version];
  row.instance = instance_name(line.instance);
  row.host = host_name(line.host);
  row.severity_number = 9;
  row.severity_text = "INFO";
  row.body = line.started ? "started" : line.request ? "request answered" : "heartbeat";
  const std::string trace = line.request
                                ? fmt::format("{:032x}", hash(state_->options.seed, traces,
                                                              line.timestamp.ticks, line.host))
                                : "";
  row.trace_id = trace;
  batch.append(row);
}

}  // namespace rollcall::sim
