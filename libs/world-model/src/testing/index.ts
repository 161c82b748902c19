export { tinyModel, writeTinyModel, type TinyModelOptions } from './tiny-model.ts';
