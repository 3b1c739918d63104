"""Calls to paste about benefits: what a citizen gets, shows and sees, and what a merchant is told."""

import json
from collections.abc import Iterator

from backend.demo.shops import BICYCLES, DEMO_SHOP

_READ = "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{member}\"])'"


def write_benefit_calls(merchant_token: str) -> Iterator[str]:
    """Write the calls for a shell in which `SERVICE`, `TOKEN` of a citizen, `get` and `show` are set."""
    yield "# 我现在能享受什么、还差什么、下一等级会多什么"
    yield "get /v1/benefits"
    yield "# 出示一次性码：一分钟内有效，只能用一次；写明商户，就是同意这一次核验"
    yield f"MERCHANT={merchant_token}"
    yield "ORDER=order-$(python3 -c 'import uuid; print(uuid.uuid4())')"
    yield (
        'send() { curl -sS --fail-with-body "$SERVICE$2" -H "Authorization: Bearer $1" -H \'Accept-Language: zh-CN\''
        " -H 'Content-Type: application/json'"
        ' -H "Idempotency-Key: $ORDER-$RANDOM" -d "${3:-{\\}}"; }'
    )
    code = json.dumps({"merchant": DEMO_SHOP.code, "scenario": BICYCLES})
    yield f"CODE=$(send $TOKEN /v1/codes '{code}' | {_READ.format(member='code')})"
    yield "# 商户扫码：给予、不给予或者无法答复；分数和等级从不告诉商户"
    question = json.dumps({"order_no": "$ORDER", "scenario": BICYCLES, "code": "$CODE"}).replace('"', '\\"')
    yield f'ANSWER=$(send $MERCHANT /v1/verifications "{question}"); show <<< "$ANSWER"'
    yield "# 交车，还车；免去的押金一路记账，用完即释放"
    yield f'GRANT=$({_READ.format(member="grant_id")} <<< "$ANSWER")'
    yield "send $MERCHANT /v1/grants/$GRANT/start | show"
    yield "send $MERCHANT /v1/grants/$GRANT/complete '{\"final_fen\": 0}' | show"
    yield "# 我的权益，每一步都在"
    yield "get /v1/account/grants"
