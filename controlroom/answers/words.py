"""All texts of an answer: name -> (Spanish, English). Figures stand in braces; none in a text."""

from __future__ import annotations

from controlroom.answers.words_of_faults import FAULT_TEXTS

TEXTS: dict[str, tuple[str, str]] = {
    # measures and columns
    "measure success": ("éxito", "success"),
    "measure throughput": ("peticiones buenas por segundo", "good requests per second"),
    "measure p50": ("latencia p50", "latency p50"),
    "measure p95": ("latencia p95", "latency p95"),
    "measure p99": ("latencia p99", "latency p99"),
    "measure p999": ("latencia p99.9", "latency p99.9"),
    "measure cpu": ("CPU", "CPU"),
    "measure memory": ("memoria", "memory"),
    "measure queue_p95": ("tiempo en la cola, p95", "queue time, p95"),
    "word arm": ("camino", "path"),
    "word queue p95": ("tiempo en la cola, p95", "queue time, p95"),
    "word lag": ("lag máximo", "lag peak"),
    "word resources": ("el uso de CPU y memoria", "CPU and memory"),
    "word cpu": ("CPU, núcleos", "CPU, cores"),
    "word memory": ("memoria", "memory"),
    "word cpu each": ("ms de CPU por petición", "ms of CPU per request"),
    "word largest": ("los mayores consumos de CPU, núcleos", "largest users of CPU, cores"),
    "word blocks": ("bloques", "blocks"),
    "word interval": ("intervalo", "interval"),
    "word parts": ("el tiempo de cada parte", "the time of each part"),
    "word writes": ("las escrituras", "writes"),
    "word reads": ("las lecturas", "reads"),
    "word store": ("base de datos", "store"),
    "word test": ("prueba", "test"),
    "word branches": ("ramas", "branches"),
    "word predicted": ("éxito previsto por los pesos", "success predicted by the weights"),
    "word seen": ("éxito visto", "success seen"),
    "word before": ("éxito antes", "success before"),
    "part whole": ("total en el productor", "whole time in the producer"),
    "part hop": ("salto entre frente y servidor", "hop between front and server"),
    "part kafka": ("confirmación de Kafka", "Kafka's acknowledgement"),
    "part rest": ("lectura, validación y respuesta", "reading, validation and answer"),
    # loads
    "offered rate": ("{rate} peticiones/s ofrecidas", "{rate} requests/s offered"),
    "offered users": (
        "{users} usuarios sin pausa (su límite)",
        "{users} users without a pause (their limit)",
    ),
    # what is not known
    "not run": (
        "No se puede decir: el experimento {experiment} no está entre las ejecuciones.",
        "Cannot tell: the experiment {experiment} is not among the runs.",
    ),
    "not measured": (
        "No se puede decir: {what} no se midió en {run}.",
        "Cannot tell: {what} was not measured in {run}.",
    ),
    "fan-out": (
        "No se puede decir cuántos suscriptores a la vez soporta cada uno: ningún experimento "
        "añade suscriptores.",
        "Cannot tell how each does with several subscribers at once (fan-out): no experiment adds "
        "subscribers.",
    ),
    # verdicts
    "verdict faster": (
        "{first} contra {second}, {measure}: {winner} es mejor por {percent}.",
        "{first} against {second}, {measure}: {winner} is better by {percent}.",
    ),
    "verdict none": (
        "{first} contra {second}, {measure}: ninguna diferencia mayor que {percent}.",
        "{first} against {second}, {measure}: no difference larger than {percent}.",
    ),
    "verdict unknown": (
        "{first} contra {second}, {measure}: no se puede decir; hacen falta unos {blocks} bloques "
        "más.",
        "{first} against {second}, {measure}: cannot tell; needs about {blocks} more blocks.",
    ),
    "verdicts few": (
        "Por {measure} no se puede comparar: hacen falta seis bloques de cada camino (ejecución "
        "{run}).",
        "By {measure} nothing can be compared: six blocks of each path are needed (run {run}).",
    ),
    "verdict few": (
        "{first} contra {second}, {measure}: no se puede decir; faltan bloques con datos.",
        "{first} against {second}, {measure}: cannot tell; too few blocks with data.",
    ),
    # doors
    "fastest": (
        "Por {measure}, con {load}, {arm} es el mejor de todos: {seen} (ejecución {run}).",
        "By {measure}, at {load}, {arm} is the best of all: {seen} (run {run}).",
    ),
    "fastest unknown": (
        "Por {measure}, con {load}, no se puede decir cuál de {between} es el mejor; en estos "
        "bloques el primero fue {first}: {seen} (ejecución {run}).",
        "By {measure}, at {load}, cannot tell which of {between} is the best; first in these "
        "blocks was {first}: {seen} (run {run}).",
    ),
    "table doors": ("Caminos en {run}", "Paths in {run}"),
    "table resources": (
        "Todos los servicios y motores juntos, {run}",
        "All services and engines together, {run}",
    ),
    "resources": (
        "Con {load}, {least} usa menos CPU ({least_cpu} núcleos, con todos los servicios) y {most} "
        "usa más ({most_cpu}) (ejecución {run}).",
        "At {load}, {least} takes least CPU ({least_cpu} cores, all services together) and {most} "
        "takes most ({most_cpu}) (run {run}).",
    ),
    "resources alike": (
        "Con {load}, no se puede decir cuál usa menos CPU: de {least} ({least_cpu} núcleos, con "
        "todos los servicios) a {most} ({most_cpu}), y los intervalos se tocan (ejecución {run}).",
        "At {load}, cannot tell which takes least CPU: from {least} ({least_cpu} cores, all "
        "services together) to {most} ({most_cpu}), and the intervals overlap (run {run}).",
    ),
    "trait": (
        "{measure} {seen}, lugar {place} de {of} ({run})",
        "{measure} {seen}, place {place} of {of} ({run})",
    ),
    "trait none": ("nada de lo medido", "nothing that was measured"),
    "traits": (
        "{arm}. Ventajas: {good}. Desventajas: {bad}.",
        "{arm}. Advantages: {good}. Disadvantages: {bad}.",
    ),
    "death": (
        "al matar a su consumidor (veces: {kills}) se perdieron {lost} eventos y fallaron {failed} "
        "peticiones ({run})",
        "kills of its consumer ({kills} in all) lost {lost} events, and {failed} requests failed "
        "({run})",
    ),
    "death unknown": (
        "no se sabe qué se perdió al matar a su consumidor ({run})",
        "what the death of its consumer lost is not known ({run})",
    ),
    "by load": ("{measure} con {load}", "{measure} at {load}"),
    "first by": ("{by}: {arm}", "{by}: {arm}"),
    "nobody told": ("no se puede decir", "cannot tell"),
    "best": (
        "{arm} es el mejor en todo lo que se midió, y no perdió nada al morir su consumidor: "
        "{facts}.",
        "{arm} is the best in all that was measured, and lost nothing at the death of its "
        "consumer: {facts}.",
    ),
    "best depends": (
        "Ninguno es el mejor en todo: {facts}. Sin pérdida ni error al morir su consumidor: "
        "{safe}.",
        "None is the best in everything: {facts}. Without loss or error at the death of its "
        "consumer: {safe}.",
    ),
    # producers
    "why": (
        "Porque de los {whole} ms que {last} tarda más que {first} en el productor, {more} ms son "
        "de una parte: {part} (ejecución {run}).",
        "Because of the {whole} ms that {last} takes more than {first} in the producer, {more} ms "
        "are of one part: {part} (run {run}).",
    ),
    "why unknown": (
        "No se puede decir por qué: los totales de los productores no se distinguen, o las partes "
        "no explican la diferencia (ejecución {run}).",
        "Cannot tell why: the producers' whole times are not told apart, or the parts do not "
        "explain the difference (run {run}).",
    ),
    "table parts": (
        "A dónde va el tiempo de una petición en el productor (medias), {run}",
        "Where the time of a request goes in the producer (means), {run}",
    ),
    "use": ("A favor de {arm}: {why}", "For {arm} speaks: {why}"),
    "use unknown": (
        "Nada de lo medido habla a favor de {arm} frente al otro.",
        "Nothing that was measured speaks for {arm} against the other.",
    ),
    "use cpu": (
        "CPU de todos los servicios con la misma carga: gRPC {grpc}, WASM {wasm} núcleos "
        "(ejecución {run}).",
        "CPU of all services at the same load: gRPC {grpc}, WASM {wasm} cores (run {run}).",
    ),
    "use kind": (
        "Lo que ninguna medida decide: gRPC cuando los dos lados comparten un contrato (proto) y "
        "se llaman mucho; WASM cuando la regla la escribe otro y debe correr aislada, con límites "
        "de memoria y de instrucciones.",
        "What no measurement decides: gRPC where both sides share a contract (proto) and call each "
        "other often; WASM where somebody else writes the rule and it must run apart, with bounds "
        "of memory and instructions.",
    ),
    # kafka
    "kafka way": (
        "Kafka guarda cada evento en su registro antes de confirmarlo, y los consumidores lo leen "
        "desde el último lugar que guardaron: {good} peticiones confirmadas, {lost} eventos "
        "perdidos y {doubled} duplicados según los libros (ejecución {run}).",
        "Kafka keeps each event in its log before it acknowledges, and consumers read on from the "
        "last place that they kept: {good} requests acknowledged, {lost} events lost and {doubled} "
        "doubled by the books (run {run}).",
    ),
    "kafka batches": (
        "Los consumidores leen por lotes: unos {each} eventos en cada escritura a la base de "
        "documentos (ejecución {run}).",
        "Consumers read in batches: about {each} events in each write to the document store (run "
        "{run}).",
    ),
    "queue time kept up": (
        "{arm}, con {load} ({rate} buenas): un evento espera {p50} (p50) y {p95} (p95) desde que "
        "se produce hasta que se guarda, y el lag llega a {lag}: menos que un segundo de trabajo, "
        "así que no es lento a esta carga (ejecución {run}).",
        "{arm}, at {load} ({rate} good): an event waits {p50} (p50) and {p95} (p95) from produced "
        "to stored, and lag reaches {lag}: less than a second of work, so it is not slow at this "
        "load (run {run}).",
    ),
    "queue time behind": (
        "{arm}, con {load} ({rate} buenas): un evento espera {p50} (p50) y {p95} (p95) desde que "
        "se produce hasta que se guarda, y el lag llega a {lag}: más que un segundo de trabajo, "
        "así que los consumidores se quedan atrás (ejecución {run}).",
        "{arm}, at {load} ({rate} good): an event waits {p50} (p50) and {p95} (p95) from produced "
        "to stored, and lag reaches {lag}: more than a second of work, so the consumers fall "
        "behind (run {run}).",
    ),
    "queue time unknown": (
        "{arm}, con {load} ({rate} buenas): el lag llega a {lag}; el tiempo en la cola no se midió "
        "(ejecución {run}).",
        "{arm}, at {load} ({rate} good): lag reaches {lag}; queue time was not measured (run "
        "{run}).",
    ),
    "kafka most": (
        "{arm}: la confirmación de Kafka tarda {ack} y es {share} del tiempo del productor: la "
        "parte mayor (ejecución {run}).",
        "{arm}: Kafka's acknowledgement takes {ack} and is {share} of the producer's time: the "
        "largest part (run {run}).",
    ),
    "kafka part": (
        "{arm}: la confirmación de Kafka tarda {ack} y es {share} del tiempo del productor: no se "
        "puede decir que sea más de la mitad (ejecución {run}).",
        "{arm}: Kafka's acknowledgement takes {ack} and is {share} of the producer's time: that it "
        "is more than half cannot be told (run {run}).",
    ),
    "drain": (
        "El lag más largo de una falla fue con {fault}: {peak} eventos, vacío otra vez en {drain} "
        "(ejecución {run}).",
        "The longest lag of a fault was with {fault}: {peak} events, drained in {drain} (run "
        "{run}).",
    ),
    "drain none": (
        "Ninguna falla dejó un lag que hubiera que vaciar (ejecución {run}).",
        "No fault left a lag that had to drain (run {run}).",
    ),
    # stores
    "table stores": ("Las dos bases de datos, {run}", "Both stores, {run}"),
    "store quicker": (
        "{what}: {store} es {times} veces más rápida que {other} (redis {redis}, mongo {mongo}; "
        "{run}).",
        "{what}: {store} is {times} times as fast as {other} (redis {redis}, mongo {mongo}; "
        "{run}).",
    ),
    "store alike": (
        "{what}: no se puede decir cuál es más rápida (redis {redis}, mongo {mongo}; {run}).",
        "{what}: cannot tell which is faster (redis {redis}, mongo {mongo}; {run}).",
    ),
    "store killed": (
        "Al matar {store} (veces: {kills}): éxito {success}, lag máximo {lag}, todo como antes "
        "tras {back}, {lost} eventos perdidos, {doubled} duplicados (ejecución {run}).",
        "After a kill of {store} ({kills} in all): success {success}, lag peak {lag}, all as "
        "before after {back}, {lost} events lost, {doubled} doubled (run {run}).",
    ),
    "unseen": ("un tiempo que no se vio", "a time that was not seen"),
    "store safer": (
        "La muerte de {store} se acaba {sooner} s antes que la de la otra (ejecución {run}).",
        "The death of {store} is over {sooner} s sooner than that of the other (run {run}).",
    ),
    "store safer unknown": (
        "No se puede decir cuál de las dos muertes se acaba antes (ejecución {run}).",
        "Cannot tell which of the two deaths is over sooner (run {run}).",
    ),
    # splits
    "golden": (
        "Las golden metrics dicen de cada servicio cuatro cosas: éxito (respuestas sin 5xx entre "
        "todas), tráfico (peticiones/s), latencia (p50, p95, p99) y saturación (aquí lag y CPU). "
        "Las cuatro pruebas se leen así: los pesos predicen el éxito, y lo que se ve se compara "
        "con eso y con el mismo tiempo sin la división.",
        "Golden metrics say four things of each service: success (answers without 5xx over all), "
        "traffic (requests/s), latency (p50, p95, p99) and saturation (here lag and CPU). The four "
        "tests are read so: the weights predict success, and what is seen is compared with that "
        "and with the same time without the split.",
    ),
    "table splits": ("Las cuatro pruebas en {run}", "The four tests in {run}"),
    "test faulty": (
        "{test} ({branches}): el éxito es {seen}, como predicen los pesos ({predicted}); {change} "
        "(ejecución {run}).",
        "{test} ({branches}): success is {seen}, as the weights predict ({predicted}); {change} "
        "(run {run}).",
    ),
    "test good": (
        "{test} ({branches}): no falla nada por la división: éxito {seen}, previsto {predicted}; "
        "{change} (ejecución {run}).",
        "{test} ({branches}): nothing fails by the split: success {seen}, predicted {predicted}; "
        "{change} (run {run}).",
    ),
    "test other": (
        "{test} ({branches}): el éxito es {seen}, y los pesos predicen {predicted}: algo más que "
        "la división cambió (ejecución {run}).",
        "{test} ({branches}): success is {seen}, and the weights predict {predicted}: something "
        "else than the split changed (run {run}).",
    ),
    "change": (
        "{measure} {before} antes, {after} con ella",
        "{measure} {before} before, {after} with it",
    ),
    # patterns
    "pattern share": (
        "El éxito baja en la parte del tráfico que llega al inyector de errores, sin importar qué "
        "cola va al lado: {seen} (ejecución {run}).",
        "Success falls by the share of traffic that meets the error injector, whatever queue is "
        "beside it: {seen} (run {run}).",
    ),
    "pattern quick": (
        "Los errores se contestan antes que los eventos: en {test} el p50 baja de {before} a "
        "{after} (ejecución {run}).",
        "Errors are answered sooner than events: in {test} p50 falls from {before} to {after} (run "
        "{run}).",
    ),
    "pattern volume": (
        "Con el mismo volumen las curvas de tráfico son iguales (difieren {apart}) y las latencias "
        "no: con {load}, p95 {least_p95} ms de {least} contra {most_p95} ms de {most} (ejecución "
        "{run}).",
        "At equal volume the curves of traffic are alike (they differ by {apart}) and latencies "
        "are not: at {load}, p95 {least_p95} ms of {least} against {most_p95} ms of {most} (run "
        "{run}).",
    ),
    "pattern steady": (
        "{least} es más estable que {most}: su p99 es {low} veces su p50, contra {high} veces, en "
        "todos los bloques (ejecución {run}).",
        "{least} is steadier than {most}: its p99 is {low} times its p50, against {high} times, in "
        "all blocks (run {run}).",
    ),
    "pattern acknowledgement": (
        "La mayor parte del tiempo de un productor es esperar la confirmación de Kafka, por todos "
        "los caminos: {seen} (ejecución {run}).",
        "Most of a producer's time is the wait for Kafka's acknowledgement, by every path: {seen} "
        "(run {run}).",
    ),
    "pattern hop": (
        "Un productor de dos procesos paga el camino entre ellos, en todos los bloques: {seen} "
        "(ejecución {run}).",
        "A producer of two processes pays for the way between them, in every block: {seen} (run "
        "{run}).",
    ),
    "pattern tail": (
        "La cola es larga por todos los caminos y en todos los bloques: el p99 es tantas veces el "
        "p50: {seen} (ejecución {run}).",
        "The tail is long by every path and in every block: p99 is so many times the p50: {seen} "
        "(run {run}).",
    ),
    "pattern wait": (
        "Un evento espera en la cola más de lo que su remitente espera la respuesta, en todos los "
        "bloques (p50 en la cola): {seen} (ejecución {run}).",
        "An event waits in the queue for longer than its sender waits for the answer, in every "
        "block (p50 in the queue): {seen} (run {run}).",
    ),
    "pattern limit": (
        "Más tráfico se paga con latencia: en su límite contra la carga igual, {seen} (ejecuciones "
        "{run}).",
        "More traffic is paid with latency: at the limit against the equal load, {seen} (runs "
        "{run}).",
    ),
    "pattern hidden": (
        "Una falla detrás de la cola no se ve en el éxito de la puerta, solo en el lag: {seen} "
        "(ejecución {run}).",
        "A fault behind the queue does not show in the success of the door, only in lag: {seen} "
        "(run {run}).",
    ),
    "pattern books": (
        "Ninguna falla perdió ni duplicó un evento confirmado: {faults} (ejecución {run}).",
        "No fault lost or doubled an acknowledged event: {faults} (run {run}).",
    ),
    "pattern kill": (
        "Lo que se reinicia solo se acaba antes: pod-kill {kill} s, pod-failure {failure} s hasta "
        "estar como antes, en todos los bloques (ejecución {run}).",
        "What restarts by itself is over sooner: pod-kill {kill} s, pod-failure {failure} s until "
        "all is as before, in all blocks (run {run}).",
    ),
    "pattern drift": (
        "El sistema cambia mientras se mide: {measure}, {said} (ejecución {run}).",
        "The system changes while it is measured: {measure}, {said} (run {run}).",
    ),
    "patterns few": (
        "No se puede decir más: se encontraron {found} de los {wanted} patrones que se piden.",
        "Cannot tell more: {found} of the {wanted} patterns that are asked for were found.",
    ),
    # pictures
    "picture p95": (
        "p95 por segundo, mitad de los bloques; 0 es el inicio de la fase que se compara",
        "p95 by second, middle of the blocks; 0 is the begin of the phase compared",
    ),
    "picture success": (
        "éxito por segundo, mitad de los bloques",
        "success by second, middle of the blocks",
    ),
    "picture lag": ("lag por segundo, mitad de los bloques", "lag by second, middle of the blocks"),
    **FAULT_TEXTS,
}  # fmt: skip
