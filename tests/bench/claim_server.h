/* loadgen claims: answers IPClaims as fast as the API server allows, in place of M3IPAM, and takes
 * the IPAddress of a claim away when the claim is gone. Sets no finalizers, so that a machine costs
 * two writes here when it comes and one when it goes. */
#pragma once
#include "bench/bench.h"

void claim_server_run(struct bench *bench); /* does not end by itself */
