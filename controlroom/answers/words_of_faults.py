"""The texts of faults and of the report itself: name -> (Spanish, English)."""

from __future__ import annotations

FAULT_TEXTS: dict[str, tuple[str, str]] = {
    "word fault": ("falla", "fault"),
    "word worst rate": ("peor segundo de tráfico", "worst second of traffic"),
    "word worst p95": ("peor p95 contra el de antes", "worst p95 to that before"),
    "word lost good": ("peticiones buenas perdidas", "lost good requests"),
    "word restarts": ("reinicios", "restarts"),
    "word detect": ("se detecta en", "detected after"),
    "word back": ("como antes tras", "as before after"),
    "word books": ("perdidos / duplicados", "lost / doubled"),
    "word damage": ("el daño", "damage"),
    "word place": ("lugar", "place"),
    "word alike": ("no se distingue de", "not told from"),
    "table faults": ("Huellas de las fallas en {run}", "Fingerprints of the faults in {run}"),
    "table harm": (
        "De la más dañina a la menos, {run}; los intervalos valen todos juntos al 95 %",
        "Most harmful first, {run}; all intervals together hold at 95 %",
    ),
    "fault seen": (
        "{fault} ({title}): {signals}; {back} (ejecución {run}, {blocks} bloques).",
        "{fault} ({title}): {signals}; {back} (run {run}, {blocks} blocks).",
    ),
    "fault unseen": (
        "{fault} ({title}): no se ve nada distinto de los bloques sin falla, con la resolución de "
        "un segundo (ejecución {run}, {blocks} bloques).",
        "{fault} ({title}): nothing shows that blocks without a fault do not have, at a resolution "
        "of a second (run {run}, {blocks} blocks).",
    ),
    "fault back": (
        "todo es como antes {seconds} s después de la inyección",
        "all is as before {seconds} s after the injection",
    ),
    "fault back unknown": (
        "no se vio que todo volviera a ser como antes",
        "that all was as before again was not seen",
    ),
    "moved success": ("el éxito baja a {value}", "success falls to {value}"),
    "moved rate": (
        "el tráfico bueno baja a {value} en el peor segundo",
        "good traffic falls to {value} in the worst second",
    ),
    "moved p95": (
        "el p95 del peor segundo es {value} veces el de antes",
        "p95 of the worst second is {value} times that before",
    ),
    "moved lost_good": ("se pierden {value} peticiones buenas", "{value} good requests are lost"),
    "moved restarts": ("{value} reinicios", "{value} restarts"),
    "moved lag": ("el lag llega a {value}", "lag reaches {value}"),
    "signal success": ("éxito", "success"),
    "signal rate": ("tráfico", "traffic"),
    "signal p95": ("latencia", "latency"),
    "signal lost_good": ("volumen perdido", "lost volume"),
    "signal restarts": ("reinicios", "restarts"),
    "signal lag": ("lag", "lag"),
    "signal back": ("tiempo hasta estar como antes", "time until all is as before"),
    "differ": (
        "{first} y {second}: solo el primero cambia {first_only}; solo el segundo cambia "
        "{second_only} (ejecución {run}).",
        "{first} and {second}: only the first changes {first_only}; only the second changes "
        "{second_only} (run {run}).",
    ),
    "differ more": (
        "{first} y {second}: {fault} cambia además {more} (ejecución {run}).",
        "{first} and {second}: {fault} changes {more} too (run {run}).",
    ),
    "differ size": (
        "{first} y {second}: cambian lo mismo, pero distinto en {signal}: {ones} contra {others} "
        "(ejecución {run}).",
        "{first} and {second}: they change the same, but differ in {signal}: {ones} against "
        "{others} (run {run}).",
    ),
    "differ unknown": (
        "{first} y {second}: no se puede decir en qué se distinguen (ejecución {run}).",
        "{first} and {second}: cannot tell what sets them apart (run {run}).",
    ),
    "differ one": (
        "No se puede decir: hay menos de dos fallas en {run}.",
        "Cannot tell: there are fewer than two faults in {run}.",
    ),
    "harm": (
        "{fault} es la más dañina: tan mala como {score} s sin servicio ({span}), y ninguna otra "
        "la alcanza (ejecución {run}).",
        "{fault} is the most harmful: as bad as {score} s without any service ({span}), and no "
        "other reaches it (run {run}).",
    ),
    "harm unknown": (
        "No se puede decir cuál es la más dañina: la primera en estos bloques es {fault}, tan mala "
        "como {score} s sin servicio ({span}), y no se distingue de {alike} (ejecución {run}).",
        "Cannot tell which is the most harmful: first in these blocks is {fault}, as bad as "
        "{score} s without any service ({span}), and it is not told from {alike} (run {run}).",
    ),
    "no blocks without": (
        "No se puede decir: en {run} no hay un bloque sin falla con que comparar.",
        "Cannot tell: there is no block without a fault in {run} to compare with.",
    ),
    "no blocks of": (
        "No se puede decir de {faults}: ningún bloque terminó en {run}.",
        "Cannot tell of {faults}: no block of it is over in {run}.",
    ),
    "harm unseen": (
        "No se puede decir cuál es la más dañina: ni la primera en estos bloques, {fault} ({score} "
        "s, {span}), se distingue de no tener falla, o de la resolución (ejecución {run}).",
        "Cannot tell which is the most harmful: not even the first in these blocks, {fault} "
        "({score} s, {span}), is told from no fault, or from the resolution (run {run}).",
    ),
    "harm bound": (
        "No se vio que volviera a ser como antes, así que su daño es al menos ese: {faults}.",
        "Not as before while it was watched, so that the damage is at least that: {faults}.",
    ),
    "interval": ("{low} a {high}", "{low} to {high}"),
    "one block": ("un solo bloque", "one block only"),
    "harm formula": (
        "El daño suma, en segundos, el volumen perdido, la mitad de lo lento, un décimo de la "
        "recuperación y un décimo del lag; los pesos se cambian en el experimento.",
        "Damage adds up, in seconds, lost volume, half of what was slow, a tenth of the recovery "
        "and a tenth of the lag; the weights can be changed in the experiment.",
    ),
    "picture throughput": ("tráfico bueno por segundo", "good traffic by second"),
    # the report
    "report title": ("Respuestas de {scenario}", "Answers of {scenario}"),
    "report made": (
        "Hecho el {date} con controlroom {version}, en {machine}, {cores} núcleos, {memory} GiB; "
        "la carga del sistema al empezar las ejecuciones era de {load}.",
        "Made on {date} by controlroom {version}, on {machine}, {cores} cores, {memory} GiB; the "
        "load of the system when the runs began was {load}.",
    ),
    "report how": (
        "Cada cifra viene de las ejecuciones de abajo. [a, b] es el intervalo del 95 % sobre los "
        "bloques (t de Student), [1] es de un solo bloque, ? es un dato que no hay. Los veredictos "
        "comparan bloques alternados (docs/verdicts.md). Relojes: 1 s.",
        "Each figure comes from the runs below. [a, b] is the 95 % interval over blocks (Student's "
        "t), [1] is of one block only, ? is what there is no data of. Verdicts compare blocks that "
        "took turns (docs/verdicts.md). Clocks: 1 s.",
    ),
    "report runs": ("Ejecuciones", "Runs"),
    "report digest": ("resumen sha256", "sha256 digest"),
    "word run": ("ejecución", "run"),
    "word experiment": ("experimento", "experiment"),
    "word load": ("carga", "load"),
}  # fmt: skip
