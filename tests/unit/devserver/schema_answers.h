/* What kube-apiserver v1.36.3 answered to objects of two CustomResourceDefinitions that use every
 * keyword of a schema. JSON is written with single quotes. */
#pragma once

struct answer {
    const char *given;
    const char *causes;  /* "REASON FIELD: MESSAGE" a line, sorted; empty: it was taken */
    const char *stored;  /* as what it was taken; NULL: it was not */
    const char *unknown; /* fields that were dropped, a line each; NULL: it was not taken */
};

static const char widget_schema[] =
    "{'type':'object','required':['spec'],'properties':{'spec':{'type':'object','requ"
    "ired':['must'],'properties':{'must':{'type':'string'},'str':{'type':'string'},'i"
    "nt':{'type':'integer'},'num':{'type':'number'},'bool':{'type':'boolean'},'arr':{"
    "'type':'array','items':{'type':'string'}},'obj':{'type':'object','required':['a'"
    ",'b'],'properties':{'a':{'type':'string'},'b':{'type':'integer'}}},'any':{'x-kub"
    "ernetes-preserve-unknown-fields':true},'ios':{'x-kubernetes-int-or-string':true}"
    ",'iosp':{'x-kubernetes-int-or-string':true,'pattern':'^[0-9]+%$'},'iosa':{'anyOf"
    "':[{'type':'integer'},{'type':'string'}],'x-kubernetes-int-or-string':true,'patt"
    "ern':'^[0-9]+%$'},'nul':{'type':'string','nullable':true},'enum':{'type':'string"
    "','enum':['x','y','z']},'enumi':{'type':'integer','enum':[1,2]},'enumn':{'type':"
    "'string','nullable':true,'enum':['a']},'pat':{'type':'string','pattern':'^[a-z]+"
    "$'},'min':{'type':'integer','minimum':3},'max':{'type':'integer','maximum':7},'e"
    "min':{'type':'integer','minimum':3,'exclusiveMinimum':true},'emax':{'type':'inte"
    "ger','maximum':7,'exclusiveMaximum':true},'fmin':{'type':'number','minimum':1.5}"
    ",'mult':{'type':'integer','multipleOf':5},'multf':{'type':'number','multipleOf':"
    "0.5},'minl':{'type':'string','minLength':3},'maxl':{'type':'string','maxLength':"
    "4},'mini':{'type':'array','minItems':2,'items':{'type':'integer'}},'maxi':{'type"
    "':'array','maxItems':2,'items':{'type':'integer'}},'set':{'type':'array','x-kube"
    "rnetes-list-type':'set','items':{'type':'string'}},'map':{'type':'array','x-kube"
    "rnetes-list-type':'map','x-kubernetes-list-map-keys':['name','port'],'items':{'t"
    "ype':'object','required':['name'],'properties':{'name':{'type':'string'},'port':"
    "{'type':'integer','default':80},'v':{'type':'string'}}}},'minp':{'type':'object'"
    ",'minProperties':1,'additionalProperties':{'type':'integer'}},'maxp':{'type':'ob"
    "ject','maxProperties':1,'additionalProperties':{'type':'integer'}},'addl':{'type"
    "':'object','additionalProperties':{'type':'object','properties':{'q':{'type':'in"
    "teger'}}}},'addt':{'type':'object','additionalProperties':true},'i32':{'type':'i"
    "nteger','format':'int32'},'i64':{'type':'integer','format':'int64'},'dt':{'type'"
    ":'string','format':'date-time'},'date':{'type':'string','format':'date'},'ip4':{"
    "'type':'string','format':'ipv4'},'ip6':{'type':'string','format':'ipv6'},'cidr':"
    "{'type':'string','format':'cidr'},'byte':{'type':'string','format':'byte'},'uri'"
    ":{'type':'string','format':'uri'},'uuid':{'type':'string','format':'uuid'},'mac'"
    ":{'type':'string','format':'mac'},'dur':{'type':'string','format':'duration'},'h"
    "ost':{'type':'string','format':'hostname'},'email':{'type':'string','format':'em"
    "ail'},'odd':{'type':'string','format':'quantity'},'one':{'type':'object','proper"
    "ties':{'a':{'type':'string'},'b':{'type':'string'}},'oneOf':[{'required':['a']},"
    "{'required':['b']}]},'anyo':{'type':'object','properties':{'a':{'type':'string'}"
    ",'b':{'type':'string'}},'anyOf':[{'required':['a']},{'required':['b']}]},'allo':"
    "{'type':'object','properties':{'a':{'type':'string'},'b':{'type':'string'}},'all"
    "Of':[{'required':['a']},{'required':['b']}]},'noto':{'type':'object','properties"
    "':{'a':{'type':'string'},'b':{'type':'string'}},'not':{'required':['a']}},'list'"
    ":{'type':'array','items':{'type':'object','required':['n'],'properties':{'n':{'t"
    "ype':'integer','minimum':1},'m':{'type':'string','maxLength':2}}}},'emb':{'type'"
    ":'object','x-kubernetes-embedded-resource':true,'x-kubernetes-preserve-unknown-f"
    "ields':true},'emb2':{'type':'object','x-kubernetes-embedded-resource':true,'prop"
    "erties':{'spec':{'type':'object','properties':{'a':{'type':'string'}}}}},'defs':"
    "{'type':'string','default':'dd'},'defo':{'type':'object','default':{},'propertie"
    "s':{'in':{'type':'integer','default':4},'k':{'type':'string'}}},'defn':{'type':'"
    "string','nullable':false,'default':'nn'},'defnn':{'type':'string','nullable':tru"
    "e,'default':'nn'},'keep':{'type':'object','x-kubernetes-preserve-unknown-fields'"
    ":true,'properties':{'known':{'type':'object','properties':{'x':{'type':'string'}"
    "}}}}}},'status':{'type':'object','properties':{'ready':{'type':'boolean'}}}}}";

static const struct answer widget_answers[] = {
    {"{}", "FieldValueRequired spec: Required value", NULL, NULL},
    {"{'spec':{}}", "FieldValueRequired spec.must: Required value", NULL, NULL},
    {"{'spec':null}", "FieldValueRequired spec: Required value", NULL, NULL},
    {"{'spec':'x'}",
     "FieldValueTypeInvalid spec: Invalid value: \"string\": spec in body must be of type object: "
     "\"string\"",
     NULL, NULL},
    {"{'spec':[1]}",
     "FieldValueTypeInvalid spec: Invalid value: \"array\": spec in body must be of type object: "
     "\"array\"",
     NULL, NULL},
    {"{'spec':{'must':1}}",
     "FieldValueTypeInvalid spec.must: Invalid value: \"integer\": spec.must in body must be of "
     "type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':null}}", "FieldValueRequired spec.must: Required value", NULL, NULL},
    {"{'spec':{'must':'x','int':'a'}}",
     "FieldValueTypeInvalid spec.int: Invalid value: \"string\": spec.int in body must be of type "
     "integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':1.5}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer (default "
     "format) in spec.int\n"
     "FieldValueTypeInvalid spec.int: Invalid value: \"number\": spec.int in body must be of type "
     "integer: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':1.0}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','int':1,'must':'x'}}", ""},
    {"{'spec':{'must':'x','int':true}}",
     "FieldValueTypeInvalid spec.int: Invalid value: \"boolean\": spec.int in body must be of type "
     "integer: \"boolean\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':[1,2]}}",
     "FieldValueTypeInvalid spec.int: Invalid value: \"array\": spec.int in body must be of type "
     "integer: \"array\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':{'a':1}}}",
     "FieldValueTypeInvalid spec.int: Invalid value: \"object\": spec.int in body must be of type "
     "integer: \"object\"",
     NULL, NULL},
    {"{'spec':{'must':'x','num':'a'}}",
     "FieldValueTypeInvalid spec.num: Invalid value: \"string\": spec.num in body must be of type "
     "number: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','bool':'true'}}",
     "FieldValueTypeInvalid spec.bool: Invalid value: \"string\": spec.bool in body must be of "
     "type boolean: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','bool':0}}",
     "FieldValueTypeInvalid spec.bool: Invalid value: \"integer\": spec.bool in body must be of "
     "type boolean: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','arr':'a'}}",
     "FieldValueTypeInvalid spec.arr: Invalid value: \"string\": spec.arr in body must be of type "
     "array: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','arr':['a',1,null]}}",
     "FieldValueTypeInvalid spec.arr[1]: Invalid value: \"integer\": spec.arr[1] in body must be "
     "of type string: \"integer\"\n"
     "FieldValueTypeInvalid spec.arr[2]: Invalid value: \"null\": spec.arr[2] in body must be of "
     "type string: \"null\"",
     NULL, NULL},
    {"{'spec':{'must':'x','arr':{'a':1}}}",
     "FieldValueTypeInvalid spec.arr: Invalid value: \"object\": spec.arr in body must be of type "
     "array: \"object\"",
     NULL, NULL},
    {"{'spec':{'must':'x','obj':{}}}",
     "FieldValueRequired spec.obj.a: Required value\n"
     "FieldValueRequired spec.obj.b: Required value",
     NULL, NULL},
    {"{'spec':{'must':'x','obj':{'a':1,'b':'x'}}}",
     "FieldValueTypeInvalid spec.obj.a: Invalid value: \"integer\": spec.obj.a in body must be of "
     "type string: \"integer\"\n"
     "FieldValueTypeInvalid spec.obj.b: Invalid value: \"string\": spec.obj.b in body must be of "
     "type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','obj':[1]}}",
     "FieldValueTypeInvalid spec.obj: Invalid value: \"array\": spec.obj in body must be of type "
     "object: \"array\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ios':true}}",
     "FieldValueTypeInvalid spec.ios: Invalid value: \"boolean\": spec.ios in body must be of type "
     "integer,string: \"boolean\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ios':1.5}}",
     "FieldValueTypeInvalid spec.ios: Invalid value: \"number\": spec.ios in body must be of type "
     "integer,string: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ios':[]}}",
     "FieldValueTypeInvalid spec.ios: Invalid value: \"array\": spec.ios in body must be of type "
     "integer,string: \"array\"",
     NULL, NULL},
    {"{'spec':{'must':'x','iosp':'x'}}",
     "FieldValueInvalid spec.iosp: Invalid value: \"x\": spec.iosp in body should match "
     "'^[0-9]+%$'",
     NULL, NULL},
    {"{'spec':{'must':'x','iosp':5}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','iosp':5,'must':'x'}}", ""},
    {"{'spec':{'must':'x','iosa':'x'}}",
     "FieldValueInvalid spec.iosa: Invalid value: \"x\": spec.iosa in body should match "
     "'^[0-9]+%$'",
     NULL, NULL},
    {"{'spec':{'must':'x','iosa':1.5}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.iosa\" must validate at least one "
     "schema (anyOf)\n"
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer (default "
     "format) in spec.iosa\n"
     "FieldValueTypeInvalid spec.iosa: Invalid value: \"number\": spec.iosa in body must be of "
     "type integer,string: \"number\"\n"
     "FieldValueTypeInvalid spec.iosa: Invalid value: \"number\": spec.iosa in body must be of "
     "type integer: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','nul':null}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x','nul':null}}", ""},
    {"{'spec':{'must':'x','enum':'q'}}",
     "FieldValueNotSupported spec.enum: Unsupported value: \"q\": supported values: \"x\", \"y\", "
     "\"z\"",
     NULL, NULL},
    {"{'spec':{'must':'x','enum':1}}",
     "FieldValueNotSupported spec.enum: Unsupported value: 1: supported values: \"x\", \"y\", "
     "\"z\"\n"
     "FieldValueTypeInvalid spec.enum: Invalid value: \"integer\": spec.enum in body must be of "
     "type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','enumi':3}}",
     "FieldValueNotSupported spec.enumi: Unsupported value: 3: supported values: \"1\", \"2\"",
     NULL, NULL},
    {"{'spec':{'must':'x','enumn':null}}",
     "FieldValueNotSupported spec.enumn: Unsupported value: null: supported values: \"a\"", NULL,
     NULL},
    {"{'spec':{'must':'x','pat':'A1'}}",
     "FieldValueInvalid spec.pat: Invalid value: \"A1\": spec.pat in body should match '^[a-z]+$'",
     NULL, NULL},
    {"{'spec':{'must':'x','min':2}}",
     "FieldValueInvalid spec.min: Invalid value: 2: spec.min in body should be greater than or "
     "equal to 3",
     NULL, NULL},
    {"{'spec':{'must':'x','max':8}}",
     "FieldValueInvalid spec.max: Invalid value: 8: spec.max in body should be less than or equal "
     "to 7",
     NULL, NULL},
    {"{'spec':{'must':'x','emin':3}}",
     "FieldValueInvalid spec.emin: Invalid value: 3: spec.emin in body should be greater than 3",
     NULL, NULL},
    {"{'spec':{'must':'x','emax':7}}",
     "FieldValueInvalid spec.emax: Invalid value: 7: spec.emax in body should be less than 7", NULL,
     NULL},
    {"{'spec':{'must':'x','fmin':1.25}}",
     "FieldValueInvalid spec.fmin: Invalid value: 1.25: spec.fmin in body should be greater than "
     "or equal to 1.5",
     NULL, NULL},
    {"{'spec':{'must':'x','mult':7}}",
     "FieldValueInvalid spec.mult: Invalid value: 7: spec.mult in body should be a multiple of 5",
     NULL, NULL},
    {"{'spec':{'must':'x','multf':0.7}}",
     "FieldValueInvalid spec.multf: Invalid value: 0.7: spec.multf in body should be a multiple of "
     "0.5",
     NULL, NULL},
    {"{'spec':{'must':'x','minl':'ab'}}",
     "FieldValueInvalid spec.minl: Invalid value: \"ab\": spec.minl in body should be at least 3 "
     "chars long",
     NULL, NULL},
    {"{'spec':{'must':'x','maxl':'abcdef'}}",
     "FieldValueTooLong spec.maxl: Too long: may not be more than 4 bytes", NULL, NULL},
    {"{'spec':{'must':'x','mini':[1]}}",
     "FieldValueInvalid spec.mini: Invalid value: 1: spec.mini in body should have at least 2 "
     "items",
     NULL, NULL},
    {"{'spec':{'must':'x','maxi':[1,2,3]}}",
     "FieldValueTooMany spec.maxi: Too many: 3: must have at most 2 items", NULL, NULL},
    {"{'spec':{'must':'x','set':['a','b','a']}}",
     "FieldValueDuplicate spec.set[2]: Duplicate value: \"a\"", NULL, NULL},
    {"{'spec':{'must':'x','map':[{'name':'a','port':1},{'name':'a','port':1}]}}",
     "FieldValueDuplicate spec.map[1]: Duplicate value: {\"name\":\"a\",\"port\":1}", NULL, NULL},
    {"{'spec':{'must':'x','map':[{'name':'a'},{'name':'a','v':'r'},{'name':'a'}]}}",
     "FieldValueDuplicate spec.map[1]: Duplicate value: {\"name\":\"a\",\"port\":80}", NULL, NULL},
    {"{'spec':{'must':'x','minp':{}}}",
     "FieldValueInvalid spec.minp: Invalid value: 0: spec.minp in body should have at least 1 "
     "properties",
     NULL, NULL},
    {"{'spec':{'must':'x','maxp':{'a':1,'b':2}}}",
     "FieldValueTooMany spec.maxp: Too many: 2: must have at most 1 item", NULL, NULL},
    {"{'spec':{'must':'x','maxp':{'a':'x'}}}",
     "FieldValueTypeInvalid spec.maxp.a: Invalid value: \"string\": spec.maxp.a in body must be of "
     "type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','addl':{'k.y/z':{'q':'x'}}}}",
     "FieldValueTypeInvalid spec.addl.k.y/z.q: Invalid value: \"string\": spec.addl.k.y/z.q in "
     "body must be of type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','addl':{'k':1}}}",
     "FieldValueTypeInvalid spec.addl.k: Invalid value: \"integer\": spec.addl.k in body must be "
     "of type object: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','addt':{'k':1,'z':{'a':[]}}}}", "",
     "{'spec':{'addt':{'k':1,'z':{}},'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'"
     "x'}}",
     "spec.addt.z.a"},
    {"{'spec':{'must':'x','i32':4294967296}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer with "
     "format int32 in spec.i32",
     NULL, NULL},
    {"{'spec':{'must':'x','i64':9223372036854775808}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer with "
     "format int64 in spec.i64\n"
     "FieldValueTypeInvalid spec.i64: Invalid value: \"float64\": spec.i64 in body must be of type "
     "int64: \"float64\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':1e3}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','int':1000,'must':'x'}}", ""},
    {"{'spec':{'must':'x','int':123456789012345678901234567890}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer (default "
     "format) in spec.int\n"
     "FieldValueTypeInvalid spec.int: Invalid value: \"number\": spec.int in body must be of type "
     "integer: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','dt':'yesterday'}}",
     "FieldValueTypeInvalid spec.dt: Invalid value: \"yesterday\": spec.dt in body must be of type "
     "date-time: \"yesterday\"",
     NULL, NULL},
    {"{'spec':{'must':'x','dt':'2026-01-02T03:04:05Z'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','dt':'2026-01-02T03:04:05Z','"
     "must':'x'}}",
     ""},
    {"{'spec':{'must':'x','date':'2026-13-02'}}",
     "FieldValueTypeInvalid spec.date: Invalid value: \"2026-13-02\": spec.date in body must be of "
     "type date: \"2026-13-02\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ip4':'1.2.3'}}",
     "FieldValueTypeInvalid spec.ip4: Invalid value: \"1.2.3\": spec.ip4 in body must be of type "
     "ipv4: \"1.2.3\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ip6':'1.2.3.4'}}",
     "FieldValueTypeInvalid spec.ip6: Invalid value: \"1.2.3.4\": spec.ip6 in body must be of type "
     "ipv6: \"1.2.3.4\"",
     NULL, NULL},
    {"{'spec':{'must':'x','cidr':'1.2.3.4'}}",
     "FieldValueTypeInvalid spec.cidr: Invalid value: \"1.2.3.4\": spec.cidr in body must be of "
     "type cidr: \"1.2.3.4\"",
     NULL, NULL},
    {"{'spec':{'must':'x','byte':'***'}}",
     "FieldValueTypeInvalid spec.byte: Invalid value: \"***\": spec.byte in body must be of type "
     "byte: \"***\"",
     NULL, NULL},
    {"{'spec':{'must':'x','uri':'no uri'}}",
     "FieldValueTypeInvalid spec.uri: Invalid value: \"no uri\": spec.uri in body must be of type "
     "uri: \"no uri\"",
     NULL, NULL},
    {"{'spec':{'must':'x','uuid':'1-2'}}",
     "FieldValueTypeInvalid spec.uuid: Invalid value: \"1-2\": spec.uuid in body must be of type "
     "uuid: \"1-2\"",
     NULL, NULL},
    {"{'spec':{'must':'x','mac':'zz'}}",
     "FieldValueTypeInvalid spec.mac: Invalid value: \"zz\": spec.mac in body must be of type mac: "
     "\"zz\"",
     NULL, NULL},
    {"{'spec':{'must':'x','dur':'1x'}}",
     "FieldValueTypeInvalid spec.dur: Invalid value: \"1x\": spec.dur in body must be of type "
     "duration: \"1x\"",
     NULL, NULL},
    {"{'spec':{'must':'x','host':'a_b'}}",
     "FieldValueTypeInvalid spec.host: Invalid value: \"a_b\": spec.host in body must be of type "
     "hostname: \"a_b\"",
     NULL, NULL},
    {"{'spec':{'must':'x','email':'nobody'}}",
     "FieldValueTypeInvalid spec.email: Invalid value: \"nobody\": spec.email in body must be of "
     "type email: \"nobody\"",
     NULL, NULL},
    {"{'spec':{'must':'x','odd':'anything'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x','odd':'anything'}}",
     ""},
    {"{'spec':{'must':'x','one':{}}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.one\" must validate one and only one "
     "schema (oneOf). Found none valid\n"
     "FieldValueRequired spec.one.a: Required value",
     NULL, NULL},
    {"{'spec':{'must':'x','one':{'a':'1','b':'2'}}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.one\" must validate one and only one "
     "schema (oneOf). Found 2 valid alternatives",
     NULL, NULL},
    {"{'spec':{'must':'x','anyo':{}}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.anyo\" must validate at least one "
     "schema (anyOf)\n"
     "FieldValueRequired spec.anyo.a: Required value",
     NULL, NULL},
    {"{'spec':{'must':'x','allo':{'a':'1'}}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.allo\" must validate all the schemas "
     "(allOf)\n"
     "FieldValueRequired spec.allo.b: Required value",
     NULL, NULL},
    {"{'spec':{'must':'x','noto':{'a':'1'}}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.noto\" must not validate the schema "
     "(not)",
     NULL, NULL},
    {"{'spec':{'must':'x','list':[{'n':0,'m':'abc'},{}]}}",
     "FieldValueInvalid spec.list[0].n: Invalid value: 0: spec.list[0].n in body should be greater "
     "than or equal to 1\n"
     "FieldValueRequired spec.list[1].n: Required value\n"
     "FieldValueTooLong spec.list[0].m: Too long: may not be more than 2 bytes",
     NULL, NULL},
    {"{'spec':{'must':'x','list':['s']}}",
     "FieldValueTypeInvalid spec.list[0]: Invalid value: \"string\": spec.list[0] in body must be "
     "of type object: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','list':[null]}}",
     "FieldValueTypeInvalid spec.list[0]: Invalid value: \"null\": spec.list[0] in body must be of "
     "type object: \"null\"",
     NULL, NULL},
    {"{'spec':{'must':'x','emb':{}}}",
     "FieldValueRequired spec.emb.apiVersion: Required value\n"
     "FieldValueRequired spec.emb.kind: Required value",
     NULL, NULL},
    {"{'spec':{'must':'x','emb':{'apiVersion':'v1','kind':'Pod','metadata':{'name':'A b'}}}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','emb':{'apiVersion':'v1','kind'"
     ":'Pod','metadata':{'name':'A b'}},'must':'x'}}",
     ""},
    {"{'spec':{'must':'x','emb2':{'apiVersion':'v1','kind':'X','spec':{'a':1}}}}",
     "FieldValueTypeInvalid spec.emb2.spec.a: Invalid value: \"integer\": spec.emb2.spec.a in body "
     "must be of type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','int':'a','bool':1,'pat':'9','minl':'a'}}",
     "FieldValueInvalid spec.minl: Invalid value: \"a\": spec.minl in body should be at least 3 "
     "chars long\n"
     "FieldValueInvalid spec.pat: Invalid value: \"9\": spec.pat in body should match '^[a-z]+$'\n"
     "FieldValueTypeInvalid spec.bool: Invalid value: \"integer\": spec.bool in body must be of "
     "type boolean: \"integer\"\n"
     "FieldValueTypeInvalid spec.int: Invalid value: \"string\": spec.int in body must be of type "
     "integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':1,'unknown':5},'more':1}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"integer\": spec.str in body must be of type "
     "string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':null,'defs':null,'defn':null,'defnn':null,'obj':null}}", "",
     "{'spec':{'defn':'nn','defnn':null,'defo':{'in':4},'defs':'dd','must':'x'}}", ""},
    {"{'spec':{'must':'x','str':'a longer text that the message shows whole or cuts somewhere, "
     "which is the question here when it goes on and on and on and on and on and on and "
     "on','pat':'a longer text that the message shows whole or cuts somewhere, which is the "
     "question here when it goes on and on and on and on and on and on and on'}}",
     "FieldValueInvalid spec.pat: Invalid value: \"a longer text that the message shows whole or "
     "cuts somewhere, which is the question here when it goes on and on and on and on and on and "
     "on and on\": spec.pat in body should match '^[a-z]+$'",
     NULL, NULL},
    {"{'spec':{'must':'x','pat':'with \\u0022quotes\\u0022 and \\\\ and\\nnewline'}}",
     "FieldValueInvalid spec.pat: Invalid value: \"with \\\"quotes\\\" and \\\\ and\\nnewline\": "
     "spec.pat in body should match '^[a-z]+$'",
     NULL, NULL},
    {"{'spec':{'must':'x','str':{'a':1}}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"object\": spec.str in body must be of type "
     "string: \"object\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':['a','b']}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"array\": spec.str in body must be of type "
     "string: \"array\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':true}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"boolean\": spec.str in body must be of type "
     "string: \"boolean\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':1.25}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"number\": spec.str in body must be of type "
     "string: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':123456789}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"integer\": spec.str in body must be of type "
     "string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','str':1e21}}",
     "FieldValueTypeInvalid spec.str: Invalid value: \"number\": spec.str in body must be of type "
     "string: \"number\"",
     NULL, NULL},
    {"{'spec':{'int':'a'}}",
     "FieldValueRequired spec.must: Required value\n"
     "FieldValueTypeInvalid spec.int: Invalid value: \"string\": spec.int in body must be of type "
     "integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','obj':{'a':1}}}",
     "FieldValueRequired spec.obj.b: Required value\n"
     "FieldValueTypeInvalid spec.obj.a: Invalid value: \"integer\": spec.obj.a in body must be of "
     "type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','minp':{'a':'x'},'maxp':{'a':'x','b':'y'}}}",
     "FieldValueTooMany spec.maxp: Too many: 2: must have at most 1 item\n"
     "FieldValueTypeInvalid spec.maxp.a: Invalid value: \"string\": spec.maxp.a in body must be of "
     "type integer: \"string\"\n"
     "FieldValueTypeInvalid spec.maxp.b: Invalid value: \"string\": spec.maxp.b in body must be of "
     "type integer: \"string\"\n"
     "FieldValueTypeInvalid spec.minp.a: Invalid value: \"string\": spec.minp.a in body must be of "
     "type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','mini':['x']}}",
     "FieldValueInvalid spec.mini: Invalid value: 1: spec.mini in body should have at least 2 "
     "items\n"
     "FieldValueTypeInvalid spec.mini[0]: Invalid value: \"string\": spec.mini[0] in body must be "
     "of type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','maxi':['x',1,2]}}",
     "FieldValueTooMany spec.maxi: Too many: 3: must have at most 2 items\n"
     "FieldValueTypeInvalid spec.maxi[0]: Invalid value: \"string\": spec.maxi[0] in body must be "
     "of type integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','set':['a','b',1,'a']}}",
     "FieldValueDuplicate spec.set[3]: Duplicate value: \"a\"\n"
     "FieldValueTypeInvalid spec.set[2]: Invalid value: \"integer\": spec.set[2] in body must be "
     "of type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','one':{'a':1}}}",
     "FieldValueTypeInvalid spec.one.a: Invalid value: \"integer\": spec.one.a in body must be of "
     "type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','one':5}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": \"spec.one\" must validate one and only one "
     "schema (oneOf). Found 2 valid alternatives\n"
     "FieldValueTypeInvalid spec.one: Invalid value: \"integer\": spec.one in body must be of type "
     "object: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','minl':5,'dt':5,'ip4':7}}",
     "FieldValueTypeInvalid spec.dt: Invalid value: \"int64\": spec.dt in body must be of type "
     "date-time: \"int64\"\n"
     "FieldValueTypeInvalid spec.ip4: Invalid value: \"int64\": spec.ip4 in body must be of type "
     "ipv4: \"int64\"\n"
     "FieldValueTypeInvalid spec.minl: Invalid value: \"integer\": spec.minl in body must be of "
     "type string: \"integer\"",
     NULL, NULL},
    {"{'spec':{'must':'x','i32':1.5}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer with "
     "format int32 in spec.i32\n"
     "FieldValueTypeInvalid spec.i32: Invalid value: \"float64\": spec.i32 in body must be of type "
     "int32: \"float64\"",
     NULL, NULL},
    {"{'spec':{'must':'x','i32':'s'}}",
     "FieldValueTypeInvalid spec.i32: Invalid value: \"string\": spec.i32 in body must be of type "
     "integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','min':1.5}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer (default "
     "format) in spec.min\n"
     "FieldValueInvalid spec.min: Invalid value: 1.5: spec.min in body should be greater than or "
     "equal to 3\n"
     "FieldValueTypeInvalid spec.min: Invalid value: \"number\": spec.min in body must be of type "
     "integer: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','min':'s'}}",
     "FieldValueTypeInvalid spec.min: Invalid value: \"string\": spec.min in body must be of type "
     "integer: \"string\"",
     NULL, NULL},
    {"{'spec':{'must':'x','map':[{'port':1}]}}",
     "FieldValueRequired spec.map[0].name: Required value", NULL, NULL},
    {"{'spec':{'must':'x','map':[{'name':'b'},{'name':'a','port':2},{'name':'a','port':2},{'name':'"
     "b','port':80}]}}",
     "FieldValueDuplicate spec.map[2]: Duplicate value: {\"name\":\"a\",\"port\":2}\n"
     "FieldValueDuplicate spec.map[3]: Duplicate value: {\"name\":\"b\",\"port\":80}",
     NULL, NULL},
    {"{'spec':{'must':'x','minp':{'a':null},'addl':{'a':null},'defo':{'in':null,'k':null},'defo2':"
     "1}}",
     "FieldValueInvalid spec.minp: Invalid value: 0: spec.minp in body should have at least 1 "
     "properties",
     NULL, NULL},
    {"{'spec':{'must':'x','dt':'2026-01-02 03:04:05Z'}}",
     "FieldValueTypeInvalid spec.dt: Invalid value: \"2026-01-02 03:04:05Z\": spec.dt in body must "
     "be of type date-time: \"2026-01-02 03:04:05Z\"",
     NULL, NULL},
    {"{'spec':{'must':'x','dt':'2026-01-02T03:04:05.123+01:00'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','dt':'2026-01-02T03:04:05.123+"
     "01:00','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','dt':''}}",
     "FieldValueTypeInvalid spec.dt: Invalid value: \"\": spec.dt in body must be of type "
     "date-time: \"\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ip4':'','pat':'','enum':''}}",
     "FieldValueInvalid spec.pat: Invalid value: \"\": spec.pat in body should match '^[a-z]+$'\n"
     "FieldValueNotSupported spec.enum: Unsupported value: \"\": supported values: \"x\", \"y\", "
     "\"z\"\n"
     "FieldValueTypeInvalid spec.ip4: Invalid value: \"\": spec.ip4 in body must be of type ipv4: "
     "\"\"",
     NULL, NULL},
    {"{'spec':{'must':'x','ip4':'01.2.3.4'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','ip4':'01.2.3.4','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','cidr':'1.2.3.4/33'}}",
     "FieldValueTypeInvalid spec.cidr: Invalid value: \"1.2.3.4/33\": spec.cidr in body must be of "
     "type cidr: \"1.2.3.4/33\"",
     NULL, NULL},
    {"{'spec':{'must':'x','cidr':'1.2.3.4/24'}}", "",
     "{'spec':{'cidr':'1.2.3.4/"
     "24','defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','dur':'1h5m'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','dur':'1h5m','must':'x'}}", ""},
    {"{'spec':{'must':'x','dur':'3 days'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','dur':'3 days','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','uri':'/just/path'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x','uri':'/just/"
     "path'}}",
     ""},
    {"{'spec':{'must':'x','uri':'http://a b'}}",
     "FieldValueTypeInvalid spec.uri: Invalid value: \"http://a b\": spec.uri in body must be of "
     "type uri: \"http://a b\"",
     NULL, NULL},
    {"{'spec':{'must':'x','uri':'abc'}}",
     "FieldValueTypeInvalid spec.uri: Invalid value: \"abc\": spec.uri in body must be of type "
     "uri: \"abc\"",
     NULL, NULL},
    {"{'spec':{'must':'x','host':'a.b.c-d'}}",
     "FieldValueTypeInvalid spec.host: Invalid value: \"a.b.c-d\": spec.host in body must be of "
     "type hostname: \"a.b.c-d\"",
     NULL, NULL},
    {"{'spec':{'must':'x','host':'-a'}}",
     "FieldValueTypeInvalid spec.host: Invalid value: \"-a\": spec.host in body must be of type "
     "hostname: \"-a\"",
     NULL, NULL},
    {"{'spec':{'must':'x','host':'1.2.3.4'}}",
     "FieldValueTypeInvalid spec.host: Invalid value: \"1.2.3.4\": spec.host in body must be of "
     "type hostname: \"1.2.3.4\"",
     NULL, NULL},
    {"{'spec':{'must':'x','mac':'01:02:03:04:05:06'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','mac':'01:02:03:04:05:06','"
     "must':'x'}}",
     ""},
    {"{'spec':{'must':'x','mac':'01-02-03-04-05-06'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','mac':'01-02-03-04-05-06','"
     "must':'x'}}",
     ""},
    {"{'spec':{'must':'x','uuid':'01234567-89ab-cdef-0123-456789abcdef'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x','uuid':'01234567-"
     "89ab-cdef-0123-456789abcdef'}}",
     ""},
    {"{'spec':{'must':'x','byte':'YWI='}}", "",
     "{'spec':{'byte':'YWI=','defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','byte':'YWI'}}",
     "FieldValueTypeInvalid spec.byte: Invalid value: \"YWI\": spec.byte in body must be of type "
     "byte: \"YWI\"",
     NULL, NULL},
    {"{'spec':{'must':'x','email':'a@b'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','email':'a@b','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','email':'A <a@b.c>'}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','email':'A "
     "<a@b.c>','must':'x'}}",
     ""},
    {"{'spec':{'must':'x','bool':null,'arr':null,'any':null,'keep':null,'ios':null}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','must':'x'}}", ""},
    {"{'spec':{'must':'x','multf':1.5,'mult':10,'num':3,'fmin':1e300}}", "",
     "{'spec':{'defn':'nn','defnn':'nn','defo':{'in':4},'defs':'dd','fmin':1e+300,'mult':10,'multf'"
     ":1.5,'must':'x','num':3}}",
     ""},
    {"{'spec':{'must':'x','max':12345678901234567890}}",
     "FieldValueInvalid <nil>: Invalid value: \"\": Checked value must be of type integer (default "
     "format) in spec.max\n"
     "FieldValueInvalid spec.max: Invalid value: 1.2345678901234567e+19: spec.max in body should "
     "be less than or equal to 7\n"
     "FieldValueTypeInvalid spec.max: Invalid value: \"number\": spec.max in body must be of type "
     "integer: \"number\"",
     NULL, NULL},
    {"{'spec':{'must':'x','fmin':-100000000000000000000000}}",
     "FieldValueInvalid spec.fmin: Invalid value: -1e+23: spec.fmin in body should be greater than "
     "or equal to 1.5",
     NULL, NULL},
    {"{'spec':{'must':'x','fmin':0.000000012}}",
     "FieldValueInvalid spec.fmin: Invalid value: 1.2e-08: spec.fmin in body should be greater "
     "than or equal to 1.5",
     NULL, NULL},
    {"{'spec':{'must':'x','min':-5000000000}}",
     "FieldValueInvalid spec.min: Invalid value: -5000000000: spec.min in body should be greater "
     "than or equal to 3",
     NULL, NULL},
};

static const char gadget_schema[] =
    "{'type':'object','required':['spec'],'properties':{'spec':{'type':'object','requ"
    "ired':[],'properties':{'a':{'type':'integer','maximum':1234567},'b':{'type':'num"
    "ber','maximum':1234567.5},'c':{'type':'integer','maximum':12345678901},'d':{'typ"
    "e':'number','minimum':100000000},'m':{'type':'array','minItems':1,'maxItems':1,'"
    "items':{'type':'string'}},'s':{'type':'array','x-kubernetes-list-type':'set','it"
    "ems':{'type':'string'}},'kind':{'type':'object','x-kubernetes-embedded-resource'"
    ":true,'x-kubernetes-preserve-unknown-fields':true},'enumo':{'type':'object','x-k"
    "ubernetes-preserve-unknown-fields':true,'enum':[{'a':1}]},'enumb':{'type':'boole"
    "an','enum':[true]},'enumf':{'type':'number','enum':[1.5,2]},'minl':{'type':'stri"
    "ng','minLength':1,'maxLength':0}}},'status':{'type':'object','properties':{'read"
    "y':{'type':'boolean'}}}}}";

static const struct answer gadget_answers[] = {
    {"{'spec':{'a':99999999,'c':99999999999,'d':1}}",
     "FieldValueInvalid spec.a: Invalid value: 99999999: spec.a in body should be less than or "
     "equal to 1234567\n"
     "FieldValueInvalid spec.c: Invalid value: 99999999999: spec.c in body should be less than or "
     "equal to 12345678901\n"
     "FieldValueInvalid spec.d: Invalid value: 1: spec.d in body should be greater than or equal "
     "to 100000000",
     NULL, NULL},
    {"{'spec':{'m':[]}}",
     "FieldValueInvalid spec.m: Invalid value: 0: spec.m in body should have at least 1 items",
     NULL, NULL},
    {"{'spec':{'m':['a','b']}}", "FieldValueTooMany spec.m: Too many: 2: must have at most 1 item",
     NULL, NULL},
    {"{'spec':{'s':['a','a','a']}}", "FieldValueDuplicate spec.s[1]: Duplicate value: \"a\"", NULL,
     NULL},
    {"{'spec':{'kind':{'apiVersion':'','kind':''}}}",
     "FieldValueInvalid spec.kind.apiVersion: Invalid value: \"\": must not be empty\n"
     "FieldValueInvalid spec.kind.kind: Invalid value: \"\": must not be empty",
     NULL, NULL},
    {"{'spec':{'kind':{'apiVersion':'v1'}}}", "FieldValueRequired spec.kind.kind: Required value",
     NULL, NULL},
    {"{'spec':{'enumo':{'a':2}}}",
     "FieldValueNotSupported spec.enumo: Unsupported value: {\"a\":2}: supported values: "
     "\"{\\\"a\\\":1}\"",
     NULL, NULL},
    {"{'spec':{'enumb':false}}",
     "FieldValueNotSupported spec.enumb: Unsupported value: false: supported values: \"true\"",
     NULL, NULL},
    {"{'spec':{'enumf':3}}",
     "FieldValueNotSupported spec.enumf: Unsupported value: 3: supported values: \"1.5\", \"2\"",
     NULL, NULL},
    {"{'spec':{'minl':''}}",
     "FieldValueInvalid spec.minl: Invalid value: \"\": spec.minl in body should be at least 1 "
     "chars long",
     NULL, NULL},
    {"{'spec':{'minl':'a'}}", "FieldValueTooLong spec.minl: Too long: may not be more than 0 bytes",
     NULL, NULL},
};
