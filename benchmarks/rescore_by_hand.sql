-- The rulebook of Zhengzhou of 2026 over the files of a city, as one would write it by hand for this rulebook alone.
-- It is the floor of `benchmarks.rescore`: what the compiled plan may take is measured by what this takes.
-- Tables: records, events, subjects (some parts of them) and contents, as the files hold them; $as_of is a city day.
-- Statements end with a semicolon; the last one is the score of everybody in those parts.

CREATE OR REPLACE TEMP MACRO climb_hours(sum) AS least(40, coalesce(CASE
    WHEN sum >= 200 THEN 90 WHEN sum >= 80 THEN 50 + (sum - 80) // 3
    WHEN sum >= 20 THEN 20 + (sum - 20) // 2 ELSE sum END, 0));

CREATE OR REPLACE TEMP MACRO climb_gifts(sum) AS least(40, coalesce(CASE
    WHEN sum >= 1000000 THEN 30 + (sum - 1000000) // 100000 WHEN sum >= 500000 THEN 20 + (sum - 500000) // 50000
    WHEN sum >= 100000 THEN 10 + (sum - 100000) // 40000 ELSE sum // 10000 END, 0));

-- 1. What each content is worth, once: there are a thousand times fewer contents than records.

CREATE OR REPLACE TEMP TABLE priced AS
WITH said AS (
    SELECT content_no, indicator AS code, items ->> 'grade' AS grade, items ->> 'merit' AS merit,
        (items ->> 'total_ml')::BIGINT AS total_ml, items ->> 'degree' AS degree,
        (items ->> 'donations')::BIGINT AS donations, items ->> 'stage' AS stage, (items ->> 'hours')::BIGINT AS hours,
        items ->> 'star' AS star, (items ->> 'amount_fen')::BIGINT AS fen,
        (items ->> 'months_overdue')::BIGINT AS overdue, items ->> 'issuer' AS issuer,
        (items ->> 'care_months')::BIGINT AS care, items ->> 'regard' AS regard,
        items ->> 'penalty_class' AS penalty, items ->> 'licence_action' AS licence, items ->> 'offence' AS offence,
        items ->> 'falsehood' AS falsehood, items ->> 'means' AS means, items ->> 'sentence' AS sentence
    FROM contents
), spans AS (  -- the first day that still counts, by months; a month that is too short takes its last day
    SELECT months, min(day) AS alive_from
    FROM (VALUES (0), (12), (24), (36), (60)) AS lengths (months),
        LATERAL (SELECT ($as_of - to_months(months))::DATE + unnest(range(-4, 5))::INT AS day)
    WHERE (day + to_months(months))::DATE > $as_of GROUP BY months
), worth AS (
    SELECT *, CASE code
        WHEN 'ZZ-HON-01' THEN CASE grade WHEN 'national' THEN 30 WHEN 'provincial' THEN 20 WHEN 'city' THEN 10 END
        WHEN 'ZZ-HON-02' THEN
            CASE grade WHEN 'county' THEN 5 WHEN 'town' THEN 3 WHEN 'village' THEN 1 WHEN 'employer' THEN 1 END
        WHEN 'ZZ-HON-03' THEN CASE grade WHEN 'national' THEN 30 WHEN 'provincial' THEN 20 WHEN 'city' THEN 10 END
        WHEN 'ZZ-HON-04' THEN CASE merit WHEN 'enlisted' THEN 5 WHEN 'outstanding_soldier' THEN 10
            WHEN 'third_class' THEN 20 WHEN 'second_class' THEN 40 WHEN 'first_class' THEN 60 END
        WHEN 'ZZ-HON-05' THEN CASE WHEN total_ml >= 4000 THEN 20 END
        WHEN 'ZZ-ETH-01' THEN CASE degree WHEN 'recognised' THEN 5 WHEN 'outstanding' THEN 30 END
        WHEN 'ZZ-ETH-02' THEN 10 * donations
        WHEN 'ZZ-ETH-03' THEN 50
        WHEN 'ZZ-ETH-04' THEN CASE WHEN stage IN ('registered', 'realised') THEN 50 END
        WHEN 'ZZ-ETH-05' THEN CASE
            WHEN hours >= 200 THEN 90 + (hours - 200) // 4 WHEN hours >= 80 THEN 50 + (hours - 80) // 3
            WHEN hours >= 20 THEN 20 + (hours - 20) // 2 ELSE hours END
        WHEN 'ZZ-ETH-06' THEN
            CASE star WHEN 'one' THEN 1 WHEN 'two' THEN 2 WHEN 'three' THEN 3 WHEN 'four' THEN 4 WHEN 'five' THEN 5 END
        WHEN 'ZZ-ETH-07' THEN CASE
            WHEN fen >= 1000000 THEN 30 + (fen - 1000000) // 100000 WHEN fen >= 500000 THEN 20 + (fen - 500000) // 50000
            WHEN fen >= 100000 THEN 10 + (fen - 100000) // 40000 ELSE fen // 10000 END
        WHEN 'ZZ-ETH-08' THEN
            CASE WHEN fen > 1000000 THEN 10 WHEN fen > 500000 THEN 5 WHEN fen > 100000 THEN 3
                WHEN fen >= 10000 THEN 2 END
        WHEN 'ZZ-ETH-09' THEN -25
        WHEN 'ZZ-ETH-10' THEN CASE WHEN overdue > 12 THEN -25 WHEN overdue > 6 THEN -15 WHEN overdue <= 6 THEN -10 END
        WHEN 'ZZ-ETH-11' THEN -5
        WHEN 'ZZ-PRO-01' THEN CASE WHEN issuer IN ('provincial', 'city', 'county') THEN 10 END
        WHEN 'ZZ-PRO-02' THEN -10
        WHEN 'ZZ-PRO-03' THEN -25
        WHEN 'ZZ-PRO-04' THEN -25
        WHEN 'ZZ-FAM-01' THEN CASE WHEN care >= 6 THEN CASE regard WHEN 'ordinary' THEN 5 WHEN 'good' THEN 10 END END
        WHEN 'ZZ-FAM-02' THEN CASE grade WHEN 'city' THEN 10 WHEN 'county' THEN 5 END
        WHEN 'ZZ-FAM-03' THEN -25
        WHEN 'ZZ-LAW-01' THEN
            CASE penalty WHEN 'lower_fine' THEN -5 WHEN 'heavier_fine' THEN -10 WHEN 'top_fine' THEN -20 END
        WHEN 'ZZ-LAW-02' THEN CASE licence WHEN 'suspended' THEN -50 WHEN 'revoked' THEN -60 END
        WHEN 'ZZ-LAW-03' THEN
            CASE WHEN fen > 1000000 THEN -20 WHEN fen > 200000 THEN -15 WHEN fen > 50000 THEN -10
                WHEN fen <= 50000 THEN -5 END
        WHEN 'ZZ-LAW-04' THEN -15
        WHEN 'ZZ-LAW-05' THEN 0
        WHEN 'ZZ-LAW-06' THEN CASE offence WHEN 'arrears' THEN -10 WHEN 'resistance' THEN -25
            WHEN 'major_evasion' THEN -50 WHEN 'enforced' THEN -50 END
        WHEN 'ZZ-LAW-07' THEN CASE falsehood WHEN 'papers' THEN -10 WHEN 'testimony' THEN -15 END
        WHEN 'ZZ-LAW-08' THEN -10
        WHEN 'ZZ-LAW-09' THEN -25
        WHEN 'ZZ-LAW-10' THEN CASE WHEN means IN ('subsidy', 'social_security', 'identity') THEN -25
            WHEN means = 'forgery' THEN -50 END
        WHEN 'ZZ-LAW-11' THEN 0
        WHEN 'ZZ-LAW-12' THEN -25
        WHEN 'ZZ-LAW-13' THEN 0
        WHEN 'ZZ-LAW-14' THEN CASE sentence WHEN 'exempted' THEN -20 WHEN 'fine_only' THEN -25 WHEN 'probation' THEN -50
            WHEN 'negligent_short' THEN 0 WHEN 'negligent_long' THEN 0 WHEN 'intentional' THEN 0 END
        WHEN 'ZZ-LAW-15' THEN 0
        END AS points,
        CASE
            WHEN code IN ('ZZ-HON-01', 'ZZ-HON-03') THEN
                CASE grade WHEN 'national' THEN 60 WHEN 'provincial' THEN 36 ELSE 24 END
            WHEN code = 'ZZ-HON-04' THEN
                CASE WHEN merit = 'third_class' THEN 36 WHEN merit IN ('second_class', 'first_class') THEN 60 ELSE 24 END
            WHEN code IN ('ZZ-HON-05', 'ZZ-ETH-03', 'ZZ-ETH-04') THEN 60
            WHEN code = 'ZZ-PRO-01' THEN CASE issuer WHEN 'provincial' THEN 36 WHEN 'city' THEN 24 ELSE 12 END
            WHEN code = 'ZZ-FAM-02' THEN CASE grade WHEN 'city' THEN 24 ELSE 12 END
            WHEN code = 'ZZ-LAW-02' THEN CASE licence WHEN 'suspended' THEN 24 ELSE 36 END
            WHEN code = 'ZZ-LAW-14' THEN CASE WHEN sentence = 'exempted' THEN 12 WHEN sentence = 'fine_only' THEN 24
                WHEN sentence IN ('probation', 'negligent_short') THEN 36 ELSE 60 END
            WHEN code IN ('ZZ-ETH-01', 'ZZ-PRO-03', 'ZZ-PRO-04', 'ZZ-FAM-03', 'ZZ-LAW-05', 'ZZ-LAW-06', 'ZZ-LAW-08',
                'ZZ-LAW-09', 'ZZ-LAW-10', 'ZZ-LAW-12') THEN 24
            WHEN code IN ('ZZ-LAW-11', 'ZZ-LAW-13', 'ZZ-LAW-15') THEN 0
            ELSE 12
        END AS months,
        code IN ('ZZ-ETH-10', 'ZZ-LAW-11', 'ZZ-LAW-13', 'ZZ-LAW-15') AS from_end,
        -- by which level a veto caps: -1 none, 3 slight breach, 4 poor; without a veto null
        CASE
            WHEN code = 'ZZ-LAW-05' THEN 3
            WHEN code IN ('ZZ-LAW-11', 'ZZ-LAW-13') THEN 4
            WHEN code = 'ZZ-LAW-14' THEN
                CASE WHEN sentence = 'probation' THEN -1 WHEN sentence NOT IN ('exempted', 'fine_only') THEN 4 END
            WHEN code IN ('ZZ-LAW-10', 'ZZ-LAW-15') THEN -1
        END AS veto
    FROM said
)
SELECT content_no, points::BIGINT AS points, months, from_end, veto::TINYINT AS veto,
    points < 0 OR veto IS NOT NULL AS adverse,
    -- where plus points are gathered; null of what is minus or a veto
    CASE WHEN points >= 0 AND veto IS NULL THEN CASE
        WHEN code IN ('ZZ-HON-01', 'ZZ-HON-03', 'ZZ-HON-04') THEN 'honour' WHEN code = 'ZZ-HON-02' THEN 'local'
        WHEN code = 'ZZ-HON-05' THEN 'lifetime' WHEN code IN ('ZZ-ETH-01', 'ZZ-ETH-08') THEN 'ethics'
        WHEN code = 'ZZ-ETH-02' THEN 'blood' WHEN code = 'ZZ-ETH-03' THEN 'cells' WHEN code = 'ZZ-ETH-04' THEN 'body'
        WHEN code = 'ZZ-ETH-05' THEN 'hours' WHEN code = 'ZZ-ETH-06' THEN 'star' WHEN code = 'ZZ-ETH-07' THEN 'gifts'
        WHEN code = 'ZZ-PRO-01' THEN 'profession' ELSE 'family' END END::ENUM (
        'honour', 'local', 'lifetime', 'ethics', 'blood', 'cells', 'body', 'hours', 'star', 'gifts', 'profession',
        'family'
    ) AS pot,
    CASE code WHEN 'ZZ-ETH-05' THEN hours WHEN 'ZZ-ETH-07' THEN fen ELSE points END::BIGINT AS value,
    CASE code WHEN 'ZZ-ETH-05' THEN hours WHEN 'ZZ-ETH-07' THEN fen ELSE 0 END::BIGINT AS amount,
    substr(code, 4, 3) AS heading,
    alive_from,
    1::BIGINT << (list_position([
        'ZZ-ETH-01', 'ZZ-ETH-02', 'ZZ-ETH-03', 'ZZ-ETH-04', 'ZZ-ETH-05', 'ZZ-ETH-06', 'ZZ-ETH-07', 'ZZ-ETH-08',
        'ZZ-ETH-09', 'ZZ-ETH-10', 'ZZ-ETH-11', 'ZZ-FAM-01', 'ZZ-FAM-02', 'ZZ-FAM-03', 'ZZ-HON-01', 'ZZ-HON-02',
        'ZZ-HON-03', 'ZZ-HON-04', 'ZZ-HON-05', 'ZZ-LAW-01', 'ZZ-LAW-02', 'ZZ-LAW-03', 'ZZ-LAW-04', 'ZZ-LAW-05',
        'ZZ-LAW-06', 'ZZ-LAW-07', 'ZZ-LAW-08', 'ZZ-LAW-09', 'ZZ-LAW-10', 'ZZ-LAW-11', 'ZZ-LAW-12', 'ZZ-LAW-13',
        'ZZ-LAW-14', 'ZZ-LAW-15', 'ZZ-PRO-01', 'ZZ-PRO-02', 'ZZ-PRO-03', 'ZZ-PRO-04'], code) - 1)::BIGINT AS bit
FROM worth JOIN spans USING (months) WHERE points IS NOT NULL;

-- 2. The score of everybody in the parts that are looked at.

WITH fates AS (  -- of the few records of which something was heard later
    SELECT subject_no, record_no, bool_or(kind IN ('withdrawn', 'repaired')) AS is_gone,
        bool_or(kind = 'objected') AND NOT bool_or(kind = 'decided') AS suspended,
        arg_max((content_no, occurred_on, ended_on, act), event_no) FILTER (kind = 'corrected') AS now
    FROM events GROUP BY subject_no, record_no
), plain AS (  -- what counts whatever else there is, which are nearly all records in force
    SELECT subject_no, occurred_on, months, pot, value, bit
    FROM records JOIN priced USING (content_no) ANTI JOIN fates USING (subject_no, record_no)
    WHERE act IS NULL AND NOT adverse AND occurred_on <= $as_of AND occurred_on >= alive_from
), told AS (  -- what must be judged record by record
    SELECT subject_no, record_hi, record_lo, content_no, occurred_on, ended_on, act, false AS suspended
    FROM records JOIN priced USING (content_no) ANTI JOIN fates USING (subject_no, record_no)
    WHERE act IS NOT NULL OR adverse OR occurred_on > $as_of
    UNION ALL
    SELECT subject_no, record_hi, record_lo, coalesce(now[1], content_no),
        CASE WHEN now IS NULL THEN occurred_on ELSE now[2] END, CASE WHEN now IS NULL THEN ended_on ELSE now[3] END,
        CASE WHEN now IS NULL THEN act ELSE now[4] END, suspended
    FROM records JOIN fates USING (subject_no, record_no) WHERE NOT is_gone
), weighed AS (
    SELECT *, occurred_on <= $as_of AS is_begun,
        (CASE WHEN from_end THEN ended_on ELSE occurred_on END + to_months(months))::DATE AS ends_on
    FROM told JOIN priced USING (content_no)
), ranked AS (
    SELECT *, ends_on IS NULL OR ends_on > $as_of AS is_alive,
        is_begun AND act IS NOT NULL AND row_number() OVER (
            PARTITION BY subject_no, act, is_begun ORDER BY coalesce(veto, -2) DESC, abs(points) DESC, points DESC,
                amount DESC, occurred_on, record_hi, record_lo
        ) > 1 AS is_behind
    FROM weighed
), judged AS (
    SELECT *, is_begun AND is_alive AND NOT is_behind AND NOT (suspended AND adverse) AS counts FROM ranked
), facts AS (
    SELECT subject_no, max(veto) FILTER (counts) AS veto,
        min(CASE WHEN is_begun THEN ends_on ELSE occurred_on END)
            FILTER (CASE WHEN is_begun THEN ends_on ELSE occurred_on END > $as_of) AS changes_on,
        max(least(year(CASE WHEN from_end THEN greatest(occurred_on, coalesce(ended_on, $as_of)) ELSE occurred_on END),
            year($as_of) - 1)) FILTER (adverse AND NOT suspended AND year(occurred_on) < year($as_of)) AS marred,
        sum(points) FILTER (counts AND points < 0 AND heading = 'ETH') AS ethics,
        sum(points) FILTER (counts AND points < 0 AND heading = 'PRO') AS profession,
        sum(points) FILTER (counts AND points < 0 AND heading = 'FAM') AS family,
        sum(points) FILTER (counts AND points < 0 AND heading = 'LAW') AS law,
        bit_or(bit) FILTER (counts OR (is_behind AND is_alive)) AS bits
    FROM judged GROUP BY subject_no
), jars AS (  -- first by what is bounded together, then all of somebody: two small sums cost less than one wide one
    SELECT subject_no, pot, months = 12 AND occurred_on >= date_trunc('year', $as_of) AS is_new, months,
        sum(value)::BIGINT AS value, max(value) AS most, min(occurred_on) AS first, bit_or(bit) AS bits
    FROM (
        FROM plain UNION ALL
        SELECT subject_no, occurred_on, months, pot, value, bit FROM judged WHERE counts AND pot IS NOT NULL
    ) GROUP BY ALL
), pots AS (
    SELECT subject_no,
        sum(CASE pot WHEN 'honour' THEN value WHEN 'local' THEN least(value, 10) WHEN 'lifetime' THEN 20 END) AS honour,
        sum(CASE pot WHEN 'ethics' THEN value WHEN 'blood' THEN least(value, 20) WHEN 'cells' THEN 50
            WHEN 'body' THEN 50 WHEN 'gifts' THEN climb_gifts(value) END) AS ethics,
        sum(climb_hours(value)) FILTER (pot = 'hours') AS hours,
        max(most) FILTER (pot = 'star') AS star,
        sum(value) FILTER (pot = 'profession') AS profession,
        sum(value) FILTER (pot = 'family') AS family,
        min(CASE months WHEN 12 THEN first END) AS year_1,
        min(CASE months WHEN 24 THEN first END) AS year_2,
        min(CASE months WHEN 36 THEN first END) AS year_3,
        min(CASE months WHEN 60 THEN first END) AS year_5,
        bit_or(bits) AS bits
    FROM jars GROUP BY subject_no
), climbed AS (
    SELECT subject_no, since, facts.veto AS veto, coalesce(pots.bits, 0) | coalesce(facts.bits, 0) AS in_force_0,
        least(facts.changes_on, (year_1 + INTERVAL 12 MONTH)::DATE, (year_2 + INTERVAL 24 MONTH)::DATE,
            (year_3 + INTERVAL 36 MONTH)::DATE, (year_5 + INTERVAL 60 MONTH)::DATE,
            make_date(year($as_of) + 1, 1, 1)) AS changes_on,
        coalesce(honour, 0) AS honour,
        coalesce(pots.ethics, 0) + greatest(coalesce(hours, 0), coalesce(star, 0)) AS ethics,
        coalesce(facts.ethics, 0) AS ethics_minus,
        coalesce(pots.profession, 0) AS profession, coalesce(facts.profession, 0) AS profession_minus,
        coalesce(pots.family, 0) AS family, coalesce(facts.family, 0) AS family_minus,
        5 * least(4, greatest(0, year($as_of) - 1 - greatest(
            year(since) - (month(since) = 1 AND day(since) = 1)::INT, coalesce(marred, 0)))) AS years,
        coalesce(law, 0) AS law_minus
    FROM subjects LEFT JOIN pots USING (subject_no) LEFT JOIN facts USING (subject_no) WHERE since IS NOT NULL
), summed AS (
    SELECT subject_no, veto, veto IS NOT NULL AS incentives_suspended, changes_on, in_force_0,
        CASE WHEN veto IS NULL THEN honour ELSE 0 END::BIGINT AS points_honour,
        (CASE WHEN veto IS NULL THEN ethics ELSE 0 END + ethics_minus)::BIGINT AS points_social_ethics,
        (CASE WHEN veto IS NULL THEN profession ELSE 0 END + profession_minus)::BIGINT AS points_professional_ethics,
        (CASE WHEN veto IS NULL THEN family ELSE 0 END + family_minus)::BIGINT AS points_family_virtue,
        (CASE WHEN veto IS NULL THEN years ELSE 0 END + law_minus)::BIGINT AS points_law,
        greatest(0, least(200, 100 + points_honour + points_social_ethics + points_professional_ethics
            + points_family_virtue + points_law)) AS points
    FROM climbed
)
SELECT * EXCLUDE (veto),
    CASE greatest(coalesce(veto, -1), CASE WHEN points > 150 THEN 0 WHEN points >= 120 THEN 1
        WHEN points >= 100 THEN 2 WHEN points >= 80 THEN 3 ELSE 4 END)
        WHEN 0 THEN 'outstanding' WHEN 1 THEN 'excellent' WHEN 2 THEN 'good' WHEN 3 THEN 'slight_breach' ELSE 'poor'
    END AS level
FROM summed;
