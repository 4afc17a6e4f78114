#!/bin/sh
# Stands in for `envclone`, so that the tests of the runner are about the workflow files and their runner alone.
# `demo-second` is planned and applied by the jobs with the second matrix. An environment's file `behave` says what its plan or apply does: `fail`, `flaky` (unless $TURNS/go exists, once $TURNS/asked does), `wait` (until it does) or nothing.
set -eu
case "$1" in
targets)
  echo "at $(git rev-parse HEAD), keys: ${AWS_ACCESS_KEY_ID:-none}, token: ${GITHUB_TOKEN:-none}"
  include="" second=""
  for name in $(git ls-tree --name-only HEAD envs/ | grep demo | sed 's,envs/,,'); do
    [ -z "${ENVIRONMENT:-}" ] || [ "$ENVIRONMENT" = "$name" ] || continue
    role="$3"
    [ "$role" != drift ] || role=plan # which only reads, too
    [ "$name" != demo-greedy ] || role=apply
    cloud="$(git show "HEAD:envs/$name/behave" | sed -n 's/^cloud: //p')" # no environment is written here
    case "$cloud" in
    gcp) role="plan@acme-demo.iam.gserviceaccount.com\",\"workload_identity_provider\":\"projects/1/locations/global/workloadIdentityPools/github/providers/github" ;;
    azure) role="00000000-0000-0000-0000-00000000000a\",\"tenant_id\":\"00000000-0000-0000-0000-00000000000b" ;;
    none) role="" ;;
    *) role="arn:aws:iam::222222222222:role/envclone-$role" ;;
    esac
    one="{\"cloud\":\"${cloud:-aws}\",\"environment\":\"$name\",\"account\":\"222222222222\",\"region\":\"eu-central-1\",\"role\":\"$role\"}"
    if [ "$name" = demo-second ]; then second="$one"; else include="$include${include:+,}$one"; fi
  done
  echo "matrix={\"include\":[$include]}" >>"$GITHUB_OUTPUT"
  [ -z "$second" ] || echo "matrix_2={\"include\":[$second]}" >>"$GITHUB_OUTPUT"
  echo 'environments=["demo-x"]' >>"$GITHUB_OUTPUT"
  if [ -n "$include" ]; then echo any=true; else echo any=false; fi >>"$GITHUB_OUTPUT"
  ;;
plan)
  echo "planning $2 with ${AWS_ACCESS_KEY_ID:-no keys}, google=${GOOGLE_OAUTH_ACCESS_TOKEN:+yes}${GOOGLE_APPLICATION_CREDENTIALS:+file} azure=${ARM_CLIENT_ID:-}"
  mkdir -p "$RUNNER_TEMP/plan"
  echo "plan of $2" >"$RUNNER_TEMP/plan/summary.md"
  case "$(git show "HEAD:envs/$2/behave")" in # no environment is written here
  fail) exit 1 ;;
  flaky)
    while [ ! -e "$TURNS/asked" ]; do sleep 0.1; done
    [ -e "$TURNS/go" ]
    ;;
  wait)
    # In a session of its own, as Terraform is started: cancelling must find it all the same.
    setsid sh -c 'trap "" INT; echo $$ >"$TURNS/planning"; while [ ! -e "$TURNS/go" ]; do sleep 0.1; done' &
    wait
    ;;
  esac
  ;;
conclude)
  echo "$NEEDS"
  echo "$NEEDS" | grep -q '"result": "success"'
  if echo "$NEEDS" | grep -Eq '"result": "(failure|cancelled)"'; then exit 1; fi
  ;;
apply)
  echo "applying $2 with google=${GOOGLE_OAUTH_ACCESS_TOKEN:+yes}${GOOGLE_APPLICATION_CREDENTIALS:+file} azure=${ARM_CLIENT_ID:-}"
  echo "taking over: ${TAKE_OVER:-nothing}"
  echo "begin $2 $GITHUB_RUN_ID" >>"$TURNS/applied"
  if [ "$(git show "HEAD:envs/$2/behave")" = wait ]; then
    while [ ! -e "$TURNS/go" ]; do sleep 0.1; done
  fi
  echo "end $2 $GITHUB_RUN_ID" >>"$TURNS/applied"
  ;;
esac
