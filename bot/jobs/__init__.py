"""Durable jobs: what was acknowledged is carried out, exactly once as far as anyone can see, whatever is killed meanwhile.

Properties
- A delivery written down becomes a job (`dispatcher`), a job's steps run in order (`runner`), and each step's outcome is written
  down by the engine (`engine`, DBOS). A killed process goes on with the first step whose outcome is missing.
- Two requests with one key are one job. Two jobs of one partition never run at once.
- A dead replica's jobs are taken over by the others (`replicas`).
- On a stop, running steps end, the rest waits for the next start (`gate`).

Accepted: a step may complete twice (killed between its effect and its checkpoint; a replica that was paused long enough to be
declared dead). That is why steps look before they create.

Only this package knows the engine.
"""
