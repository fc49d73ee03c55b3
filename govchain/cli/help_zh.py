"""Help texts in Chinese, by the English text that the command itself carries.

A text that is missing here fails a test; so does one that no command has.
"""

from __future__ import annotations

from typing import Final

HELP_ZH: Final[dict[str, str]] = {
    # The command itself and its panels
    "A permissioned chain for government records that can be rehearsed, broken and measured before it is "
    "trusted. 政务链": "政务链：面向政务记录的许可链，投入使用之前即可演练、注入故障和测量。",
    "Exit status, everywhere: 0 it holds · 1 it does not · 2 bad usage or input · 3 undecided · 4 the "
    "environment is at fault.": "退出状态通用：0 成立 · 1 不成立 · 2 用法或输入有误 · 3 未决 · 4 环境问题。",
    "Start here": "从这里开始",
    "Networks and validators": "网络与验证节点",
    "Records and evidence": "记录与存证",
    "Rehearse and measure": "演练与测量",
    "Print the version and exit.": "显示版本并退出。",
    "Show this message and exit.": "显示本说明并退出。",
    # Options that many commands have
    "Write the result as JSON to FILE; - is standard output.": "将结果以 JSON 写入 FILE；- 表示标准输出。",
    "Only errors and the exit status.": "只输出错误和退出状态。",
    "Language of what people read.": "面向人的输出语言。",
    "from the environment": "取自环境变量",
    "Network folder: gives addresses, genesis and keys.": "网络文件夹：提供地址、创世文件和密钥。",
    "Address of a validator's API. May be given several times.": "验证节点 API 地址，可重复给出。",
    "The genesis to trust.": "所信任的创世文件。",
    "of the network folder": "网络文件夹中的",
    "Whose key of the network folder signs.": "用网络文件夹中谁的密钥签名。",
    "With --key: the organisation of the key.": "与 --key 同用：密钥所属机构。",
    "Key file that signs. A passphrase comes from GOVCHAIN_KEY_PASSPHRASE.": "用于签名的密钥文件。"
    "口令取自 GOVCHAIN_KEY_PASSPHRASE。",
    # demo, doctor
    "Four validators, a story across departments, a receipt verified offline; 0 only if all of it held.": (
        "四个验证节点、一个跨部门场景、一份离线验证的回执；全部成立才返回 0。"
    ),
    "Where keys, logs and receipts go.": "密钥、日志和回执的存放位置。",
    "Keep the validators running until Ctrl-C, to see the dashboard.": "让验证节点继续运行直到 Ctrl-C，"
    "以便查看看板。",
    "Look at a stopped validator: files, certificate, clock, data, votes, guard. Says what to do.": (
        "检查已停止的验证节点：文件、证书、时钟、数据、投票、签署防护，并说明该怎么做。"
    ),
    "All of a network folder.": "网络文件夹中的全部节点。",
    "One validator's node.yaml.": "某个验证节点的 node.yaml。",
    "Every block and certificate, not a sample.": "检查每个区块和证书，而非抽样。",
    "Make again what follows from what is certain; nothing else.": "仅重建可由确定数据推出的内容。",
    "Make a lost guard from the data directory that the validator stopped with, no older copy.": (
        "由验证节点停止时的数据目录重建丢失的签署防护；不得使用更旧的副本。"
    ),
    # anchor, submit, explain
    "Put the hashes of files on the chain as evidence, and wait until that is final.": (
        "将文件的哈希作为证据上链，并等待最终确认。"
    ),
    "Files. They stay here; their hashes go.": "文件。原件留在本地，只有哈希上链。",
    "contract, web-page, chat, work, log, document or other.": "contract、web-page、chat、work、log、"
    "document 或 other。",
    "Write a receipt for each file there.": "为每个文件在该处写出回执。",
    "Sign one record, hand it in and wait until it is final. Exit status 1 when a rule denies it.": (
        "签署并提交一条记录，等待最终确认。被规则驳回时退出状态为 1。"
    ),
    "An e-invoice (UBL XML), or a record as YAML or JSON.": "电子发票（UBL XML），或 YAML、JSON 格式的记录。",
    "Write the receipt there.": "将回执写到该处。",
    "Secret salt for parties of an invoice that no company id names.": (
        "秘密盐值，用于发票中没有企业标识的一方。"
    ),
    "Only sign it and write it there; somebody else hands it in.": "仅签名并写到该处，由他人提交。",
    "of the signer's organisation in the network folder": "网络文件夹中签署机构的盐值",
    "Say what a rule or a denial code means, its legal basis, and what would make it allowed.": (
        "说明某条规则或驳回代码的含义、法律依据，以及怎样才会获准。"
    ),
    "For example L2 or E_DUP_ID.": "例如 L2 或 E_DUP_ID。",
    # query, watch
    "Read a record or a transaction.": "读取记录或交易。",
    "Show a record's state and history. Exit status 1 when there is none.": "显示记录的状态与历史。"
    "无此记录时退出状态为 1。",
    "For example licence; see records.md.": "例如 licence；见 records.zh.md。",
    "Object id.": "对象编号。",
    "local: one validator's word. certified: proof and certificate are verified here. latest: that, and "
    "nothing acknowledged before is missing.": (
        "local：单个节点的答复。 certified：在此验证证明与证书。 latest：在此之上保证不遗漏此前已确认的内容。"
    ),
    "A licence's status at that moment (RFC 3339), rule L3.": "证照在该时刻（RFC 3339）的状态，规则 L3。",
    "Show what one validator knows of a transaction. Exit status 3 while it is pending, 1 when unknown.": (
        "显示某个验证节点所知的交易。待确认时退出状态为 3，未知时为 1。"
    ),
    "Transaction id, 64 hex digits.": "交易标识，64 位十六进制。",
    "Show blocks as they become final; --json - gives one JSON line for each. Ctrl-C ends it.": (
        "实时显示最终确认的区块；--json - 每块输出一行 JSON。Ctrl-C 结束。"
    ),
    "First height to show.": "从该高度开始显示。",
    "the next one": "下一个",
    "End after so many blocks.": "显示若干区块后结束。",
    "never": "不结束",
    # invoice
    "Invoices in the formats of others.": "以其他格式导出发票。",
    "Write an invoice as UBL 2.1, a red-letter one as a CreditNote, judged by the rules of EN 16931.": (
        "将发票写为 UBL 2.1（红字发票写为 CreditNote），并按 EN 16931 规则核验。"
    ),
    "A national e-invoice (XML), or the receipt of its record.": "数电票（XML），或其链上记录的回执。",
    "Where to write the UBL.": "UBL 的写出位置。",
    "Of a red XML: the invoice that it takes back.": "数电票红字 XML：被冲销的发票。",
    # receipt, verify, evidence
    "Fetch the receipt of a transaction.": "获取交易回执。",
    "Fetch a receipt; with a genesis it is verified before it is written.": "获取回执；"
    "给出创世文件时先验证再写出。",
    "Where to write it.": "写出位置。",
    "ID.receipt.json": "ID.receipt.json",
    "Verify a receipt offline, every step explained. Exit status 1 names the step that failed.": (
        "离线验证回执，逐步说明。退出状态 1 时指出失败的步骤。"
    ),
    "Receipt file.": "回执文件。",
    "The original file, to compare.": "用于比对的原文件。",
    "All proofs of one piece of evidence in a file; judge it offline.": "一份证据的全部证明存为一个文件；"
    "可离线判断。",
    "Fetch the record and the receipt of every step of a piece of evidence, and verify them.": (
        "获取一份证据的记录及每一步的回执，并予验证。"
    ),
    "Evidence number.": "证据编号。",
    "Timestamp response (RFC 3161, DER) to put in.": "要放入的时间戳响应（RFC 3161，DER）。",
    "Verify a bundle offline and say what the law presumes. Exit status 1 names the step that failed.": (
        "离线验证证据包，并说明法律上推定的内容。退出状态 1 时指出失败的步骤。"
    ),
    "Bundle file.": "证据包文件。",
    "Roots of timestamp authorities that you trust.": "所信任的时间戳机构根证书。",
    # licence
    "Show a part of a licence, or stamp a copy; check either, offline. Make a status list.": (
        "出示证照的一部分或加注副本，两者均可离线核验；制作状态列表。"
    ),
    "Sign a status list of licences as the chain has them now, and write the record that anchors it.": (
        "按链上现状签署证照状态列表，并写出将其摘要上链的记录。"
    ),
    "Licences and their places, as YAML; keep it secret.": "证照及其位置（YAML），请保密。",
    "Gateway that hands the list out.": "对外提供该列表的网关。",
    "Name of the list there.": "列表在该网关上的名称。",
    "A licence that gets a place, by chance. Several times.": "为该证照随机分配一个位置；可多次给出。",
    "Licences that the list has room for; never changes.": "列表可容纳的证照数；此后不变。",
    "How long it is fresh.": "列表的新鲜期（小时）。",
    "Show some fields of a credential to one organisation, and keep the others.": (
        "向某一机构出示凭证中的若干字段，其余保留。"
    ),
    "Credential file, as issued.": "签发时的凭证文件。",
    "Organisation that it is made for.": "出示对象机构。",
    "Holder's key file; passphrase in GOVCHAIN_KEY_PASSPHRASE.": "持有人密钥文件；"
    "口令取自 GOVCHAIN_KEY_PASSPHRASE。",
    "A field to show, as face.scope.0. Several times.": "要出示的字段，如 face.scope.0。可重复。",
    "The verifier's challenge: answers it, once.": "核验方给出的随机数；仅应答一次。",
    "Instead: a copy 加注件 for this purpose alone.": "或：仅供此用途的加注件。",
    "With --purpose: last day, as 2026-12-31.": "与 --purpose 同用：最后一天，如 2026-12-31。",
    "Check a presentation or a stamped copy offline. Exit status 1 names the reason.": (
        "离线核验出示件或加注件。退出状态 1 时指出原因。"
    ),
    "Presentation or stamped copy.": "出示件或加注件。",
    "Issuer's public key, from the chain.": "签发机构的公钥，取自链上。",
    "With --commitment: the licence meant.": "与 --commitment 同用：所指的证照。",
    "face_commitment of its record on the chain.": "链上记录中的 face_commitment。",
    "Status list, as fetched.": "所获取的状态列表。",
    # replay, story, scenario
    "Play a scenario and judge it: 0 everything held, 1 something did not, 3 a limit was reached first.": (
        "演练一个场景并给出判定：0 全部成立，1 有不成立项，3 先达到了时限。"
    ),
    "Scenario file.": "场景文件。",
    "sim, local (processes of this machine), or the address of a validator.": "sim、local（本机进程），"
    "或验证节点地址。",
    "Instead of the scenario's own.": "代替场景文件中的值。",
    "of the file": "文件中的值",
    "Write the run there: page, trace, results, receipts.": "将本次运行写到该处：页面、轨迹、结果、回执。",
    "With an address: further validators of the same network.": "与地址同用：同一网络的其他验证节点。",
    "With an address: folder of people's keys.": "与地址同用：人员密钥文件夹。",
    "derived from the seed": "由种子推导",
    "How simulated validators sign; symbolic is faster.": "模拟验证节点的签名方式；symbolic 更快。",
    "symbolic": "symbolic",
    "Tell a scenario: who did what, what became of each record, what was refused and on which basis.": (
        "讲述一个场景：谁做了什么、每条记录的结果、哪些被驳回及其依据。"
    ),
    "sim, or local: processes of this machine.": "sim，或 local（本机进程）。",
    "Check, describe and list scenario files.": "检查、说明和列出场景文件。",
    "Validate without running. Exit status 2 when any file is wrong; each problem names file and line.": (
        "只校验不运行。有文件出错时退出状态为 2；每个问题指出文件和行号。"
    ),
    "Scenario files.": "场景文件。",
    "Print the JSON Schema of scenario files, for editors.": "输出场景文件的 JSON Schema，供编辑器使用。",
    "List the scenarios of a folder, one line each. A broken file is listed as such.": (
        "列出文件夹中的场景，每个一行。有错的文件照样列出并注明。"
    ),
    "Folder of scenarios.": "场景文件夹。",
    # swarm, sweep
    "Random networks, faults and attacks: 0 every promise was kept, 1 one was broken and is written down."
    "\n\n3: the minutes are over, and some kind of fault never happened.": (
        "随机的网络、故障与攻击：0 全部承诺成立，1 有承诺被违反并已记录。"
        "\n\n3：时间已到，而某类故障从未发生。"
    ),
    "From seed A to before B; without B until --minutes are over.": "从种子 A 到 B 之前；"
    "不给 B 则直到 --minutes 用完。",
    "0:100, with --minutes 0:": "0:100；与 --minutes 同用时为 0:",
    "How the validators reach an order.": "验证节点达成顺序所用的协议。",
    "Processes.": "进程数。",
    "one for each core": "每个核心一个",
    "End after so long, whatever is left.": "到时即止，不论剩余。",
    "Collect violations instead of stopping at the first.": "收集全部违反，不在首个处停止。",
    "Where scenarios that reproduce violations go.": "可重现违反的场景的存放位置。",
    "Write a page for each violation there.": "为每个违反在该处写出页面。",
    "Every combination of the given values under several seeds, with confidence intervals.": (
        "在多个种子下运行各取值组合，给出置信区间。"
    ),
    "A key of the file and its values; repeatable.": "文件中的一个键及其取值；可重复。",
    "Seeds for each combination.": "每种组合的种子数。",
    "of the file, or 3": "文件中的值，否则 3",
    "The first seed.": "第一个种子。",
    "max_rate: the highest rate of the workload that is kept up with.": "max_rate：能够跟上的最高负载速率。",
    "With --search: what 95 % of latencies may be.": "与 --search 同用：95 % 的延迟上限。",
    "a view timeout": "一个视图超时",
    "With --search: where it ends, records/s.": "与 --search 同用：搜索上限，条/秒。",
    "Where the runs happen.": "在何处运行。",
    "Of the Dask scheduler or Ray cluster.": "Dask 调度器或 Ray 集群的地址。",
    "Write a page and the results there.": "将页面和结果写到该处。",
    # testnet, node, gateway
    "A network on this machine: make, start, look, stop.": "本机网络：建立、启动、查看、停止。",
    "Make keys, certificates, genesis and one folder for each validator. Never overwrites.": (
        "生成密钥、证书、创世文件以及每个验证节点的文件夹。绝不覆盖。"
    ),
    "Folder to make. Must be absent or empty.": "要建立的文件夹，须不存在或为空。",
    "YAML file of organisations and people, or a scenario.": "机构与人员的 YAML 文件，或场景文件。",
    "sample": "自带样例",
    "How many.": "数量。",
    "as the file says, or 4": "按文件所写，否则 4",
    "Name of the chain, for people.": "链的名称，供人阅读。",
    "Derive every key from this number. REHEARSAL ONLY: nothing is secret.": "由此数推导全部密钥。"
    "仅供演练：没有任何秘密。",
    "API port of the first validator.": "第一个验证节点的 API 端口。",
    "Host of each validator; {name} stands for its name (containers).": "各验证节点的主机；"
    "{name} 代表其名称（用于容器）。",
    "Do nothing when the folder holds a network already.": "文件夹中已有网络时不做任何事。",
    "Start validators and gateways, wait until all take part, show what becomes final. Ctrl-C stops all.": (
        "启动验证节点和网关，等全部就绪，显示最终确认的内容。Ctrl-C 全部停止。"
    ),
    "Network folder made by `testnet init`.": "由 `testnet init` 建立的网络文件夹。",
    "Return once all validators are ready.": "全部验证节点就绪后即返回。",
    "Show each validator. Exit status 4 unless all take part.": "显示各验证节点。未全部参与时退出状态为 4。",
    "Stop every validator and gateway of the folder that runs on this machine.": (
        "停止该文件夹中在本机运行的全部验证节点和网关。"
    ),
    "One validator.": "单个验证节点。",
    "Run one validator until it is told to stop (Ctrl-C, SIGTERM). Logs go where the configuration says.": (
        "运行一个验证节点，直到要求停止（Ctrl-C、SIGTERM）。日志位置由配置决定。"
    ),
    "The validator's node.yaml.": "验证节点的 node.yaml。",
    "Department gateways.": "部门网关。",
    "Make a gateway for each organisation that has a key with the role `gateway`. Never overwrites.": (
        "为每个拥有 `gateway` 角色密钥的机构建立网关。绝不覆盖。"
    ),
    "Network folder.": "网络文件夹。",
    "Run one gateway until it is told to stop (Ctrl-C, SIGTERM). Logs go where the configuration says.": (
        "运行一个网关，直到要求停止（Ctrl-C、SIGTERM）。日志位置由配置决定。"
    ),
    "The gateway's gateway.yaml.": "网关的 gateway.yaml。",
    # members
    "Validators: who decides, who joins, who leaves.": "验证节点：谁决定、谁加入、谁离开。",
    "The validators, who must approve a change of them, and what the next checkpoint brings.": (
        "验证节点、谁须批准其变更，以及下一检查点的变化。"
    ),
    "Make the folder of a validator that is to join a network folder, and the proposal to submit.": (
        "在网络文件夹中为将加入的验证节点建立文件夹，并生成待提交的提议。"
    ),
    "Name, for example validator-4.": "名称，例如 validator-4。",
    "Organisation that will run it.": "将运行它的机构。",
    "Where others reach it.": "其他节点连接它的地址。",
    "the next free one": "下一个空闲端口",
    "Make the next vote key and a new certificate of a validator, and the proposal to submit.": (
        "生成验证节点的下一把投票密钥和新证书，以及待提交的提议。"
    ),
    "The chain has installed the next key: make it the key.": "链上已启用新密钥：将其设为正式密钥。",
    "Approve a proposed change in the name of an organisation that runs a validator.": (
        "以运行验证节点的机构名义批准所提议的变更。"
    ),
    "Number of the change, GC-….": "变更编号，GC-…。",
    # key
    "A new key, and the proof that one holds it.": "新密钥及其持有证明。",
    "Sign for a chain and organisation with a new key: key.add, key.rotate, organisation.add ask for it.": (
        "用新密钥就本链和机构签署持有证明：key.add、key.rotate、organisation.add 均须附此证明。"
    ),
    "Key file of the new key.": "新密钥的密钥文件。",
    "Organisation that is to add the key, or new member.": "将登记该密钥的机构，或拟加入的新机构。",
    "Make the key file first; one that is there is never overwritten.": (
        "先生成密钥文件；已有的文件绝不覆盖。"
    ),
    # bench
    "Measure this machine.": "测量本机。",
    "Every operation on a record's path, beside the bare library call for the same work.": (
        "记录路径上的每个操作，与直接调用底层库完成同样工作对照。"
    ),
    "Time for each operation.": "每个操作的时间。",
    "Throughput and latency of validator processes; final means executed, durable, certificate held.": (
        "验证节点进程的吞吐与延迟；最终确认指已执行、已落盘且持有证书。"
    ),
    "Records to offer.": "提交的记录数。",
    "Records in one request.": "每次请求的记录数。",
    "Pace of the offer; 0 is as fast as taken.": "提交速率；0 表示能收多快就多快。",
    "Memory over a long run, and how fast a validator that was away comes back: by blocks, by snapshot.": (
        "长时间运行的内存，以及离开过的验证节点追赶的速度：按区块、按快照。"
    ),
    "Records over which memory is watched.": "观察内存期间的记录数。",
    "Records that one validator misses.": "某个验证节点错过的记录数。",
    "Message deliveries a second of one simulator process, every invariant checked.": (
        "单个模拟器进程每秒投递的消息数，检查全部不变式。"
    ),
    "Simulated.": "模拟的数量。",
    "Virtual seconds of a run.": "每次运行的虚拟秒数。",
    "Runs of each kind; the best counts.": "每类运行的次数，取最好的一次。",
    "Validators of one large run; 0 leaves it out.": "一次大规模运行的验证节点数；0 表示不做。",
    "Virtual seconds of the large run.": "大规模运行的虚拟秒数。",
    "Five scenarios live and simulated with the costs of this machine: 0 they agree, 1 they do not.": (
        "五个场景的实测与按本机成本的模拟：0 一致，1 不一致。"
    ),
    "Load in each scenario.": "各场景的负载时长。",
    "How often each is played.": "每个场景运行的次数。",
}
