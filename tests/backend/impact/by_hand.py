"""What the change does to the city of `hand_city`, worked out by hand from its table; A to J are the people there.

Of 38 people 12 rise (6 A, 5 C, 1 J, by 5 points each) and 7 fall (4 E by 5, 3 F by 15). 5 C rise from fair to high, 3 F
fall from fair to low. B have two donations, 20 of at most 20 a year before, 30 of at most 20 after: no change.

All figures are exact; how they are told where they are few, a test says for itself.
"""

# Points before: A 6 x 110, B 4 x 120, C 5 x 116, E 4 x 95, F 3 x 85, G 5 x 130, H 3 x 100, I 7 x 100, J 110.
# After: A 115, C 121, E 90, F 70, J 115. The 19th of 38 from below is a 110 (F, E, H, I are 17), then a 115.
TOTALS = {
    "people": 38,
    "rises": 12,
    "falls": 7,
    "same": 19,
    "level_rises": 5,
    "level_falls": 3,
    "mean_step_hundredths": 1,
    "mean_before_hundredths": 10_829,  # 660 + 480 + 580 + 380 + 255 + 650 + 300 + 700 + 110 = 4115; / 38 = 108.289
    "mean_after_hundredths": 10_816,  # 690 + 480 + 605 + 360 + 210 + 650 + 300 + 700 + 115 = 4110; / 38 = 108.158
    "base_before": 100,
    "base_after": 100,
    "rest_before_hundredths": 0,  # 108.29 - 100 - 3.95 - 6.05 + 1.71
    "rest_after_hundredths": 0,  # 108.16 - 100 - 3.95 - 7.63 + 3.42
    "median_before": 110,
    "median_after": 115,
    "suspended_before": 3,  # H
    "suspended_after": 3,
    "newly_suspended": 0,
    "no_longer_suspended": 0,
}
# high: B and G, then C too; fair: A, C, E, F, I, J, then A, E, I, J; low: H, then F too.
LEVELS = {"top": (0, 0), "high": (9, 14), "fair": (26, 18), "low": (3, 6)}
MOVES = {("high", "high"): 9, ("fair", "high"): 5, ("fair", "fair"): 18, ("fair", "low"): 3, ("low", "low"): 3}
# F 85; E 95; H and I 100; A, J and C 110 to 116; B 120; G 130. After: F 70; E 90; A and J 115; C joins B.
POINTS = {70: (0, 3), 80: (3, 0), 90: (4, 4), 100: (10, 10), 110: (12, 7), 120: (4, 9), 130: (5, 5)}
CHANGES = {(-19, -10): 3, (-9, -5): 4, (0, 0): 19, (5, 9): 12}
# honour: G 5 x 30 = 150. deeds: A 60, B 80, C 80, J 10 = 230; then 90, 80, 105, 15 = 290. law: E 20, F 45 = 65; then
# 40, 90 = 130. Over 38, in hundredths: 3.947, 6.053, 7.632, -1.711, -3.421.
DIMENSIONS = {"honour": (395, 395), "deeds": (605, 763), "law": (-171, -342)}

# people, rises, falls, level rises, level falls; then three ratios in percent: rises / people over 12 / 38, falls over
# 7 / 38, falls of level over 3 / 38.
GROUPS: dict[tuple[str, str], tuple[int, ...]] = {
    ("level", "high"): (9, 0, 0, 0, 0, 0, 0, 0),
    ("level", "fair"): (26, 12, 7, 5, 3, 146, 146, 146),  # 38 / 26
    ("level", "low"): (3, 0, 0, 0, 0, 0, 0, 0),
    ("district", "110105"): (1, 0, 0, 0, 0, 0, 0, 0),  # one I
    ("district", "330106"): (8, 0, 0, 0, 0, 0, 0, 0),  # G and H
    ("district", "410102"): (10, 6, 0, 0, 0, 190, 0, 0),  # A and B
    ("district", "410105"): (12, 5, 7, 5, 3, 132, 317, 317),  # C, E and F: 38 / 12
    ("district", "410181"): (6, 0, 0, 0, 0, 0, 0, 0),  # I but for one
    ("district", "unknown"): (1, 1, 0, 0, 0, 317, 0, 0),  # J
    ("age", "to_29"): (5, 5, 0, 5, 0, 317, 0, 0),  # C
    ("age", "30_39"): (10, 6, 0, 0, 0, 190, 0, 0),  # A and B
    ("age", "40_49"): (7, 0, 7, 0, 3, 0, 543, 543),  # E and F: 38 / 7
    ("age", "50_59"): (5, 0, 0, 0, 0, 0, 0, 0),  # G
    ("age", "60_69"): (3, 0, 0, 0, 0, 0, 0, 0),  # H
    ("age", "from_70"): (7, 0, 0, 0, 0, 0, 0, 0),  # I
    ("age", "unknown"): (1, 1, 0, 0, 0, 317, 0, 0),  # J
    ("sex", "female"): (19, 3, 3, 0, 3, 50, 86, 200),  # 3 A rise, F fall: 3 / 19 over 7 / 38, and over 3 / 38
    ("sex", "male"): (18, 8, 4, 5, 0, 141, 121, 0),  # 3 A and C rise, E fall: 4 / 18 over 7 / 38
    ("sex", "unknown"): (1, 1, 0, 0, 0, 317, 0, 0),  # J
}

# Of 38 people 7 fall in C(38, 7) = 12,620,256 ways, 3 fall a level in C(38, 3) = 8,436. All of them among the 12 of
# 410105: C(12, 7) = 792 ways, 0.006%, and 220, 2.6%. Among the 7 of 40_49: 1 way, 0.000008%, and 35, 0.4%. Among the 26
# of fair: 657,800 ways, 5.2%, and 2,600, 31%. 19 groups are compared three times: 5% / 57 = 0.09% is the bound. With
# fewer than 6 people not told there are 10 comparisons of rises, 9 of falls, none of levels, and it is 0.26%. Nobody is
# left out: of the largest group without a rise, 9 of 38, C(26, 9) of C(38, 9) ways have none, 1.9%.
HIT = {"410105": (True, False), "40_49": (True, False)}

# people before, after, gained, lost; fen for each before, after; all fen before, after, gained, lost.
BENEFITS: dict[str, tuple[int | None, ...]] = {
    "deposit": (9, 14, 5, 0, 10_000, 12_000, 90_000, 168_000, 60_000, 0),  # from level high: C gain it
    "line": (9, 14, 5, 0, None, None, None, None, None, None),  # the same, by contract
    "price": (5, 5, 0, 0, None, None, None, None, None, None),  # on the list of volunteers: C
    "first": (7, 7, 0, 0, None, None, None, None, None, None),  # fair, 60 to 90 years: I; H are suspended
    "free": (0, 14, 14, 0, None, None, None, None, None, None),  # from 140 points, then from 120: B, C and G
    "lender": (9, 14, 5, 0, None, None, None, None, None, None),  # from level high, no defaulters
    "bike": (35, 32, 0, 3, 5_000, 5_000, 175_000, 160_000, 0, 15_000),  # from 85 points: F lose it
}

# Of the rules that were amended: people before and after; holders who rise and who fall.
RULES: dict[str, tuple[int, ...]] = {"R-BLOOD": (16, 16, 12, 0), "R-FINE": (7, 7, 0, 7)}

# Everybody may be shown. All who rise do so by 5 points: the lot of the seed falls on LOT of them. F fall most, and
# then C are left to rise, and one F to fall, in level. C's hours do not differ: they are folded into one line.
A = (110, 115, "fair", "fair", [("base", 100, 100), ("record", 10, 15)])
C = (116, 121, "fair", "high", [("base", 100, 100), ("record", 10, 15), ("others", 6, 6)])
F = (85, 70, "fair", "low", [("base", 100, 100), ("record", -5, -10), ("record", -5, -10), ("repeat", -5, -10)])
LOT = (A, C)
SAMPLES = [
    *(("gain", *each) for each in LOT),
    *(("loss", *F), ("loss", *F), ("level_up", *C), ("level_up", *C), ("level_down", *F)),
]
# With fewer than 6 people not told, C are too young a group (5), 3 F and 5 C too few to move between levels, and 4 E
# too few of 90 to 99 points.
FEWER_SAMPLES = [("gain", *A), ("gain", *A)]
