"""Change points of Apache Otava for each question in a JSON file: [{values, window, maxP}] -> [[index]]."""

import json
import sys

from otava.analysis import compute_change_points

with open(sys.argv[1]) as file:
    questions = json.load(file)
answers = []
for question in questions:
    points, _ = compute_change_points(
        question["values"],
        window_len=question["window"],
        max_pvalue=question["maxP"],
        min_magnitude=0.0,
    )
    answers.append([int(point.index) for point in points])
print(json.dumps(answers))
