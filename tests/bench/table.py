"""Results: rows as they are measured, what they come to in the middle, and the goals."""
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    scene: str
    party: str
    round: int
    measure: str
    value: float
    unit: str


@dataclass(frozen=True)
class Goal:
    """A measure of srvpubd, or its ratio to another party's, round by round. over: (scene, party,
    measure), where what is left out ("") is as in the first."""
    text: str
    scene: str
    measure: str
    sign: str  # ">=" or "<="
    bound: float
    over: tuple = None
    party: str = "srvpubd"
    unit: str = "x"


def shown(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def spread(values):
    """The median and the range in text."""
    middle = shown(statistics.median(values))
    return middle, f"{shown(min(values))} .. {shown(max(values))}" if len(values) > 1 else ""


class Results:
    def __init__(self):
        self.rows = []

    def add(self, scene, party, number, measure, value, unit):
        self.rows.append(Row(scene, party, number, measure, value, unit))

    def values(self, scene, party, measure):
        """Round -> value; of several in a round the median."""
        found = {}
        for row in self.rows:
            if (row.scene, row.party, row.measure) == (scene, party, measure):
                found.setdefault(row.round, []).append(row.value)
        return {number: statistics.median(values) for number, values in found.items()}

    def judged(self, goal):
        """The values that a goal is about, one a round; [] where nothing was measured."""
        values = self.values(goal.scene, goal.party, goal.measure)
        if not goal.over:
            return list(values.values())
        scene, party, measure = (word or default for word, default in
                                 zip(goal.over, (goal.scene, goal.party, goal.measure)))
        under = self.values(scene, party, measure)
        return [values[number] / under[number] for number in values if under.get(number)]

    def tsv(self):
        return "scene\tparty\tround\tmeasure\tvalue\tunit\n" + "".join(
            f"{r.scene}\t{r.party}\t{r.round}\t{r.measure}\t{r.value:.6g}\t{r.unit}\n" for r in self.rows)

    def table(self):
        """What was measured, scene by scene."""
        lines, last = [], None
        for scene, party, measure, unit in dict.fromkeys((r.scene, r.party, r.measure, r.unit) for r in self.rows):
            values = list(self.values(scene, party, measure).values())
            if scene != last:
                lines += ["", scene]
                last = scene
            middle, extent = spread(values)
            lines.append(f"    {party:<28} {measure:<34} {middle:>10} {unit:<6} {extent}".rstrip())
        return "\n".join(lines) + "\n"

    def ratios(self):
        """Of srvpubd to everybody else who did the same."""
        lines = ["", "srvpubd to others, round by round"]
        for scene, measure, party in dict.fromkeys((r.scene, r.measure, r.party) for r in self.rows):
            if party == "srvpubd" or measure == "fsyncs before":
                continue
            values = self.judged(Goal("", scene, measure, ">=", 0, ("", party, "")))
            if values:
                middle, extent = spread(values)
                lines.append(f"    {scene:<28} {measure:<34} {middle:>10} of {party:<22} {extent}".rstrip())
        return "\n".join(lines) + "\n"

    def verdicts(self, goals, is_whole):
        """Returns (text, how many goals are missed). is_whole: what was not measured is missed."""
        lines, missed = ["", "goals"], 0
        for goal in goals:
            values = self.judged(goal)
            wanted = f"{goal.sign} {goal.bound:g} {goal.unit}"
            if not values:
                lines.append(f"    {'-':<7} {goal.text:<66} {'not measured':>10}   {wanted}")
                missed += is_whole
                continue
            value = statistics.median(values)
            held = value >= goal.bound if goal.sign == ">=" else value <= goal.bound
            missed += not held
            middle, extent = spread(values)
            word = "holds" if held else "MISSED"
            lines.append(f"    {word:<7} {goal.text:<66} {middle:>10}   {wanted:<12} {extent}".rstrip())
        return "\n".join(lines) + "\n", missed
