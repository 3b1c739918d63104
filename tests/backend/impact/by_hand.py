"""What the change does to the city of `hand_city`, worked out by hand from its table; A to J are the people there.

Of 38 people 12 rise (6 A, 5 C, 1 J, by 5 points each) and 7 fall (4 E by 5, 3 F by 15). 5 C rise from fair to high, 3 F
fall from fair to low. B have two donations, 20 of at most 20 a year before, 30 of at most 20 after: no change.
"""

# Points before: A 6 x 110, B 4 x 120, C 5 x 116, E 4 x 95, F 3 x 85, G 5 x 130, H 3 x 100, I 7 x 100, J 110.
# After: A 115, C 121, E 90, F 70, J 115. The 19th of 38 from below is a 110 (F, E, H, I are 17), then a 115.
TOTALS = {
    "people": 38,
    "rises": 12,
    "falls": 7,
    "level_rises": 5,
    "level_falls": 3,
    "points_before": 660 + 480 + 580 + 380 + 255 + 650 + 300 + 700 + 110,
    "points_after": 690 + 480 + 605 + 360 + 210 + 650 + 300 + 700 + 115,
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
# honour: G 5 x 30. deeds: A 10, B 20, C 10 + 6, J 10; then A 15, B 20, C 15 + 6, J 15. law: E 5, F 15; then 10, 30.
DIMENSIONS = {"honour": (150, 150), "deeds": (60 + 80 + 80 + 10, 90 + 80 + 105 + 15), "law": (-20 - 45, -40 - 90)}

# people, rises, falls, level rises, level falls; then both ratios in percent, by falls / people over 7 / 38 (of levels
# over 3 / 38). Not shown is whoever is fewer than 3, and the next smallest until they are 3 and of two groups.
GROUPS: dict[tuple[str, str], tuple[int | None, ...] | None] = {
    ("level", "high"): (9, 0, 0, 0, 0, 0, 0),
    ("level", "fair"): (26, 12, 7, 5, 3, 146, 146),  # 38 / 26
    ("level", "low"): (3, 0, 0, 0, 0, 0, 0),
    ("district", "330106"): (8, 0, 0, 0, 0, 0, 0),  # G and H
    ("district", "410102"): (10, 6, 0, 0, 0, 0, 0),  # A and B
    ("district", "410105"): (12, None, 7, 5, 3, 317, 317),  # C, E and F: 38 / 12; 12 - 6 - 5 would tell of J
    ("district", "410181"): None,  # 6 I, hidden beside the next two
    ("district", "elsewhere"): None,  # 1 I
    ("district", "unknown"): None,  # J
    ("age", "to_29"): (5, None, 0, 5, 0, 0, 0),  # C; 12 - 6 - 5 would tell of J
    ("age", "30_39"): (10, 6, 0, 0, 0, 0, 0),  # A and B
    ("age", "40_49"): (7, 0, 7, 0, 3, 543, 543),  # E and F: 38 / 7
    ("age", "50_59"): (5, 0, 0, 0, 0, 0, 0),  # G
    ("age", "60_69"): None,  # 3 H, hidden beside J
    ("age", "from_70"): (7, 0, 0, 0, 0, 0, 0),  # I
    ("age", "unknown"): None,  # J
    ("sex", "female"): (19, 3, 3, 0, 3, 86, 200),  # 3 A rise, F fall; 3 / 19 over 7 / 38, and over 3 / 38
    ("sex", "male"): None,  # 18, hidden beside J
    ("sex", "unknown"): None,  # J
}

# Above 1.25, and by chance (7 or 3 of 38) so many would fall: of 12 people 2.2 +- 1.3 and 0.9 +- 0.9, of 7 people
# 1.3 +- 1.0 and 0.6 +- 0.7. Of 26 people 4.8 +- 2.0, of 19 people 1.5 +- 1.2: there 7 and 3 are no more than chance.
HIT = {"410105": (True, True), "40_49": (True, True)}

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

# Of the rules that were amended: people, records and points before, the same after; holders who rise and who fall.
# Points are alone: B have 20 and then 30, the second fine of F is not doubled.
RULES: dict[str, tuple[int | None, ...]] = {
    "R-BLOOD": (16, 20, 200, 16, 20, 300, 12, 0),
    "R-FINE": (7, 10, -50, 7, 10, -100, 0, 7),
}

# Of those who gain most, A, C and J, only women of A are in no small group; of those who fall, F. C and E are men.
GAIN = (110, 115, "fair", "fair", [("base", 100, 100), ("record", 10, 15)])
LOSS = (85, 70, "fair", "low", [("base", 100, 100), ("record", -5, -10), ("record", -5, -10), ("repeat", -5, -10)])
SAMPLES = [("gain", *GAIN), ("gain", *GAIN), ("loss", *LOSS), ("loss", *LOSS), ("level_down", *LOSS)]
